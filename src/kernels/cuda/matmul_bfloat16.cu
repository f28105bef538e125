#include "product_rows.cuh"
#include "product_tiles.cuh"

HEARTH_PRODUCT_ROWS(__nv_bfloat16)
HEARTH_PRODUCT_TILES(__nv_bfloat16)
