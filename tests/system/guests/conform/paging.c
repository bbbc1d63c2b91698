#include "groups.h"
void paging_check(void)
{
}
