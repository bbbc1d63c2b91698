/* Formatted output; see printf.h for what is understood. */
#include "printf.h"

#include <stdbool.h>
#include <stdint.h>

#include "console.h"
#include "string.h"

struct sink {
	char *buf;
	size_t size;
	size_t length;
};

struct spec {
	bool zero;
	bool left;
	int width;
	int longs;
};

static void sink_put(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size) {
		sink->buf[sink->length] = c;
	}
	sink->length++;
}

static void sink_pad(struct sink *sink, char c, int n)
{
	while (n-- > 0) {
		sink_put(sink, c);
	}
}

static void put_field(struct sink *sink, const struct spec *spec, const char *text, int n)
{
	int pad = spec->width - n;

	if (!spec->left) {
		sink_pad(sink, ' ', pad);
	}
	for (int i = 0; i < n; i++) {
		sink_put(sink, text[i]);
	}
	if (spec->left) {
		sink_pad(sink, ' ', pad);
	}
}

static void put_number(struct sink *sink, const struct spec *spec, unsigned long value,
		       unsigned base, bool upper, bool negative)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int n = 0;

	do {
		text[sizeof(text) - 1 - (size_t)n++] = digits[value % base];
		value /= base;
	} while (value != 0);
	if (spec->zero && !spec->left) {
		if (negative) {
			sink_put(sink, '-');
		}
		sink_pad(sink, '0', spec->width - n - negative);
		for (int i = 0; i < n; i++) {
			sink_put(sink, text[sizeof(text) - (size_t)(n - i)]);
		}
		return;
	}
	if (negative) {
		text[sizeof(text) - 1 - (size_t)n++] = '-';
	}
	put_field(sink, spec, text + sizeof(text) - (size_t)n, n);
}

static const char *parse_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ 0 };
	for (; *f == '0' || *f == '-'; f++) {
		if (*f == '0') {
			spec->zero = true;
		} else {
			spec->left = true;
		}
	}
	for (; *f >= '0' && *f <= '9'; f++) {
		spec->width = spec->width * 10 + (*f - '0');
	}
	for (; *f == 'l' || *f == 'z' || *f == 'h'; f++) {
		spec->longs += *f != 'h';
	}
	return f;
}

static void put_conversion(struct sink *sink, struct spec *spec, char c, va_list *args)
{
	char ch;
	const char *s;
	long n;

	switch (c) {
	case 'd':
	case 'i':
		n = spec->longs ? va_arg(*args, long) : va_arg(*args, int);
		put_number(sink, spec, n < 0 ? -(unsigned long)n : (unsigned long)n, 10, false,
			   n < 0);
		break;
	case 'u':
	case 'x':
	case 'X':
		n = spec->longs ? va_arg(*args, long) : (long)va_arg(*args, unsigned);
		put_number(sink, spec, (unsigned long)n, c == 'u' ? 10 : 16, c == 'X', false);
		break;
	case 'p':
		spec->zero = true;
		spec->width = 16;
		put_number(sink, spec, (unsigned long)va_arg(*args, void *), 16, false, false);
		break;
	case 'c':
		ch = (char)va_arg(*args, int);
		put_field(sink, spec, &ch, 1);
		break;
	case 's':
		s = va_arg(*args, const char *);
		s = s == NULL ? "(null)" : s;
		put_field(sink, spec, s, (int)strlen(s));
		break;
	default:
		sink_put(sink, c);
		break;
	}
}

int vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	struct sink sink = { .buf = buf, .size = size };
	va_list ap;

	va_copy(ap, args);
	while (*format != '\0') {
		struct spec spec;

		if (*format != '%') {
			sink_put(&sink, *format++);
			continue;
		}
		format = parse_spec(format + 1, &spec);
		if (*format != '\0') {
			put_conversion(&sink, &spec, *format++, &ap);
		}
	}
	va_end(ap);
	if (size > 0) {
		buf[sink.length < size ? sink.length : size - 1] = '\0';
	}
	return (int)sink.length;
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, size, format, args);
	va_end(args);
	return n;
}

int printf(const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	console_write(text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
	return n;
}
