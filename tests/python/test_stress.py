"""Models loaded and dropped a thousand times, and run from many threads: memory given back, answers right."""

import pytest
from programs import BUILD, run_program

RELEASE = BUILD / "release" / "tests" / "stress" / "model_stress"
WITH_THREAD_SANITIZER = BUILD / "tsan" / "tests" / "stress" / "model_stress"


@pytest.fixture(scope="module")
def files(resnet_archive, speech_archive):
    return resnet_archive.path, speech_archive.path


def test_a_thousand_loads_leave_nothing_behind(files):
    done = run_program(RELEASE, "unload", "1000", *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_eight_sessions_on_eight_threads_answer_right(files):
    done = run_program(RELEASE, "threads", "300", *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_eight_sessions_have_no_data_races(files):
    if not WITH_THREAD_SANITIZER.is_file():
        pytest.skip("the tsan preset was not built")
    done = run_program(WITH_THREAD_SANITIZER, "threads", "20", *files, TSAN_OPTIONS="halt_on_error=1")
    assert done.returncode == 0, done.stdout + done.stderr
