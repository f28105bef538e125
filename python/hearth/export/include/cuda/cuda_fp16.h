/* AOTInductor's headers include this; generated host code uses nothing of it. */
