/*
 * vsnprintf: one pass over the format, every byte through put_char(), which
 * alone knows the end of the buffer.
 */
#include "lib/printf.h"
#include "lib/string.h"

struct output {
	char *buf;
	size_t size;
	size_t length; /* of the whole text, also what did not fit */
};

struct spec {
	bool left;
	bool zero;
	bool alternate;
	char sign; /* what goes before a positive number, or 0 */
	int width;
	int precision; /* -1: none */
	int longs;     /* -2: hh, -1: h, 0: int, 1 and more: 64 bits */
	char conversion;
};

static void put_char(struct output *out, char c)
{
	if (out->length + 1 < out->size) {
		out->buf[out->length] = c;
	}
	out->length++;
}

static void put_fill(struct output *out, char c, int count)
{
	for (int i = 0; i < count; i++) {
		put_char(out, c);
	}
}

static void put_string(struct output *out, const struct spec *spec, const char *s)
{
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;
	int length;

	if (s == NULL) {
		s = "(null)";
	}
	length = (int)strnlen(s, max);
	if (!spec->left) {
		put_fill(out, ' ', spec->width - length);
	}
	for (int i = 0; i < length; i++) {
		put_char(out, s[i]); /* NOLINT: strnlen keeps i within s */
	}
	if (spec->left) {
		put_fill(out, ' ', spec->width - length);
	}
}

/* The digits of value, least significant first; returns how many. */
static int make_digits(char *digits, u64 value, u32 base, bool upper)
{
	const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int count = 0;

	do {
		digits[count++] = alphabet[value % base];
		value /= base;
	} while (value != 0);
	return count;
}

static void put_number(struct output *out, const struct spec *spec, u64 value, u32 base,
		       const char *prefix)
{
	char digits[24];
	int count = make_digits(digits, value, base, spec->conversion == 'X');
	int zeros = MAX(spec->precision - count, 0);
	int blanks = spec->width - (int)strlen(prefix) - zeros - count;

	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros += MAX(blanks, 0);
		blanks = 0;
	}
	if (!spec->left) {
		put_fill(out, ' ', blanks);
	}
	for (; *prefix != '\0'; prefix++) {
		put_char(out, *prefix);
	}
	put_fill(out, '0', zeros);
	while (count > 0) {
		put_char(out, digits[--count]);
	}
	if (spec->left) {
		put_fill(out, ' ', blanks);
	}
}

static void put_signed(struct output *out, const struct spec *spec, s64 value)
{
	char sign[2] = { value < 0 ? '-' : spec->sign, '\0' };

	put_number(out, spec, value < 0 ? 0 - (u64)value : (u64)value, 10, sign);
}

static void put_hex(struct output *out, const struct spec *spec, u64 value)
{
	put_number(out, spec, value, 16, spec->alternate && value != 0 ? "0x" : "");
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		case '+':
			spec->sign = '+';
			break;
		case ' ':
			spec->sign = spec->sign == '+' ? '+' : ' ';
			break;
		default:
			return fmt;
		}
	}
}

/* A decimal number of at most four digits that count, so that nothing can fill the log. */
static const char *parse_number(const char *fmt, int *value)
{
	*value = 0;
	for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
		*value = MIN(*value * 10 + (*fmt - '0'), 9999);
	}
	return fmt;
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == 'l' || *fmt == 'z' || *fmt == 't' || *fmt == 'j') {
			spec->longs++;
		} else if (*fmt == 'h') {
			spec->longs--;
		} else {
			return fmt;
		}
	}
}

static const char *parse_spec(const char *fmt, struct spec *spec, va_list *args)
{
	*spec = (struct spec){ .precision = -1 };
	fmt = parse_flags(fmt, spec);
	if (*fmt == '*') {
		spec->width = va_arg(*args, int);
		if (spec->width < 0) {
			spec->left = true;
			spec->width = -spec->width;
		}
		fmt++;
	} else {
		fmt = parse_number(fmt, &spec->width);
	}
	if (*fmt == '.') {
		fmt++;
		if (*fmt == '*') {
			spec->precision = va_arg(*args, int);
			fmt++;
		} else {
			fmt = parse_number(fmt, &spec->precision);
		}
	}
	fmt = parse_length(fmt, spec);
	spec->conversion = *fmt;
	return fmt;
}

static s64 take_signed(const struct spec *spec, va_list *args)
{
	s64 value = spec->longs > 0 ? va_arg(*args, long) : va_arg(*args, int);

	if (spec->longs == -1) {
		value = (short)value;
	} else if (spec->longs == -2) {
		value = (signed char)value;
	}
	return value;
}

static u64 take_unsigned(const struct spec *spec, va_list *args)
{
	u64 value = spec->longs > 0 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);

	if (spec->longs == -1) {
		value = (unsigned short)value;
	} else if (spec->longs == -2) {
		value = (unsigned char)value;
	}
	return value;
}

/* One conversion; false if it is not known. */
static bool put_conversion(struct output *out, struct spec *spec, va_list *args)
{
	char text[2] = { 0, 0 };

	switch (spec->conversion) {
	case 'd':
	case 'i':
		put_signed(out, spec, take_signed(spec, args));
		return true;
	case 'u':
		put_number(out, spec, take_unsigned(spec, args), 10, "");
		return true;
	case 'x':
	case 'X':
		put_hex(out, spec, take_unsigned(spec, args));
		return true;
	case 'p':
		spec->precision = 16;
		put_number(out, spec, (u64)(uintptr_t)va_arg(*args, void *), 16, "");
		return true;
	case 's':
		put_string(out, spec, va_arg(*args, const char *));
		return true;
	case 'c':
		text[0] = (char)va_arg(*args, int);
		put_string(out, spec, text);
		return true;
	case '%':
		put_char(out, '%');
		return true;
	default:
		return false;
	}
}

static void put_format(struct output *out, const char *fmt, va_list *args)
{
	while (*fmt != '\0') {
		const char *start = fmt;
		struct spec spec;

		if (*fmt != '%') {
			put_char(out, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec, args);
		if (put_conversion(out, &spec, args)) {
			fmt++;
			continue;
		}
		while (start < fmt) {
			put_char(out, *start++);
		}
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct output out = { .buf = buf, .size = size };
	va_list copy;

	va_copy(copy, args);
	put_format(&out, fmt, &copy);
	va_end(copy);
	if (size > 0) {
		buf[MIN(out.length, size - 1)] = '\0';
	}
	return (int)out.length;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return length;
}

size_t string_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return size == 0 ? 0 : MIN((size_t)length, size - 1);
}
