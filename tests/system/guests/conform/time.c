#include "groups.h"
void time_check(void)
{
}
