#include "product_rows.cuh"
#include "product_tiles.cuh"

HEARTH_PRODUCT_ROWS(__half)
HEARTH_PRODUCT_TILES(__half)
