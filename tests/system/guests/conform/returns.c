#include "groups.h"
void returns_check(void)
{
}
