#include "groups.h"
void vcpus_check(void)
{
}
