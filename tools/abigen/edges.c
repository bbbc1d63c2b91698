#include "abigen/emit.h"
void emit_edges(FILE *out, const struct abi *abi)
{
}
