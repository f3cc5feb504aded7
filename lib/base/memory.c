#include <ovnk8s/memory.h>

#include <stdlib.h>

void ovnk8s_free(void *memory)
{
    free(memory);
}
