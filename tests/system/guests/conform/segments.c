#include "groups.h"
void segments_check(void)
{
}
