/*
 * One function a format, all with one shape: run the library's stream until
 * its end, growing the output up to the bound.
 */
#include "unpack.h"

#include <lz4.h>
#include <lzma.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* What a decoder may use for itself: kernels use dictionaries up to 128 MiB. */
#define UNPACK_MEMORY_MAX      (256ULL << 20)
#define UNPACK_ZSTD_WINDOW_LOG 27

/* The legacy LZ4 frame: blocks that each unpack to at most this, and 255-fold. */
#define LZ4_LEGACY_BLOCK ((size_t)8 << 20)
#define LZ4_RATIO_MAX    255U

struct unpack_input {
	const uint8_t *data;
	size_t size;
};

typedef int unpack_fn(struct unpack_input input, size_t max, struct blob *out,
		      struct problem *problem);

static unsigned int bounded_uint(size_t size)
{
	return size > 0x40000000U ? 0x40000000U : (unsigned int)size;
}

static int unpack_gzip(struct unpack_input input, size_t max, struct blob *out,
		       struct problem *problem)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)input.data };
	size_t fed = 0;
	int status = inflateInit2(&stream, 16 + MAX_WBITS);

	if (status != Z_OK) {
		return problem_set(problem, "gzip: no memory");
	}
	while (status != Z_STREAM_END) {
		if (out->size == out->capacity && blob_grow(out, max, problem)) {
			inflateEnd(&stream);
			return -1;
		}
		if (stream.avail_in == 0) {
			stream.avail_in = bounded_uint(input.size - fed);
			fed += stream.avail_in;
		}
		stream.next_out = out->data + out->size;
		stream.avail_out = bounded_uint(out->capacity - out->size);
		status = inflate(&stream, Z_NO_FLUSH);
		out->size = (size_t)(stream.next_out - out->data);
		/* Z_BUF_ERROR is no progress: with room given, the input has ended. */
		if (status != Z_OK && status != Z_STREAM_END) {
			inflateEnd(&stream);
			return problem_set(problem, "gzip: the data is %s",
					   status == Z_BUF_ERROR ? "cut off" : "damaged");
		}
	}
	inflateEnd(&stream);
	return 0;
}

static const char *lzma_word(lzma_ret status)
{
	switch (status) {
	case LZMA_BUF_ERROR:
		return "the data is cut off";
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return "unpacking takes too much memory";
	case LZMA_OPTIONS_ERROR:
		return "it uses an option that liblzma does not have";
	default:
		return "the data is damaged";
	}
}

static int unpack_by_lzma(lzma_stream *stream, struct unpack_input input, size_t max,
			  struct blob *out, struct problem *problem)
{
	lzma_ret status = LZMA_OK;

	stream->next_in = input.data;
	stream->avail_in = input.size;
	while (status != LZMA_STREAM_END) {
		if (out->size == out->capacity && blob_grow(out, max, problem)) {
			return -1;
		}
		stream->next_out = out->data + out->size;
		stream->avail_out = out->capacity - out->size;
		status = lzma_code(stream, LZMA_RUN);
		out->size = (size_t)(stream->next_out - out->data);
		if (status != LZMA_OK && status != LZMA_STREAM_END) {
			return problem_set(problem, "xz: %s", lzma_word(status));
		}
	}
	return 0;
}

static int unpack_xz(struct unpack_input input, size_t max, struct blob *out,
		     struct problem *problem)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	int result;

	if (lzma_stream_decoder(&stream, UNPACK_MEMORY_MAX, 0) != LZMA_OK) {
		return problem_set(problem, "xz: no memory");
	}
	result = unpack_by_lzma(&stream, input, max, out, problem);
	lzma_end(&stream);
	return result;
}

static int unpack_lzma(struct unpack_input input, size_t max, struct blob *out,
		       struct problem *problem)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	int result;

	if (lzma_alone_decoder(&stream, UNPACK_MEMORY_MAX) != LZMA_OK) {
		return problem_set(problem, "lzma: no memory");
	}
	result = unpack_by_lzma(&stream, input, max, out, problem);
	lzma_end(&stream);
	return result;
}

static int unpack_zstd(struct unpack_input input, size_t max, struct blob *out,
		       struct problem *problem)
{
	ZSTD_inBuffer in = { input.data, input.size, 0 };
	ZSTD_DStream *stream = ZSTD_createDStream();
	size_t left = 1;
	int result = 0;

	if (!stream) {
		return problem_set(problem, "zstd: no memory");
	}
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, UNPACK_ZSTD_WINDOW_LOG);
	while (left && !result) {
		ZSTD_outBuffer sink;
		size_t taken = in.pos;

		if (out->size == out->capacity && blob_grow(out, max, problem)) {
			result = -1;
			break;
		}
		sink = (ZSTD_outBuffer){ out->data, out->capacity, out->size };
		left = ZSTD_decompressStream(stream, &sink, &in);
		if (ZSTD_isError(left)) {
			result = problem_set(problem, "zstd: %s", ZSTD_getErrorName(left));
		} else if (left && in.pos == taken && sink.pos == out->size) {
			result = problem_set(problem, "zstd: the data is cut off");
		}
		out->size = sink.pos;
	}
	ZSTD_freeDStream(stream);
	return result;
}

static uint32_t read_u32(const uint8_t *data)
{
	return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
	       (uint32_t)data[3] << 24;
}

/*
 * The legacy frame has no end mark: blocks follow until the data ends, and in
 * a kernel payload four bytes remain that are the unpacked size. The frame API
 * of liblz4 refuses this form, so blocks are walked here.
 */
static int unpack_lz4(struct unpack_input input, size_t max, struct blob *out,
		      struct problem *problem)
{
	size_t at = 4;

	while (input.size - at > 4) {
		size_t packed = read_u32(input.data + at);
		size_t wanted;
		size_t room;
		int got;

		at += 4;
		if (packed == 0 || packed > input.size - at) {
			/* Not a block: the size word and padding, or a cut file. */
			return packed == 0 && out->size ?
				       0 :
				       problem_set(problem, "lz4: the data is cut off");
		}
		wanted = packed < LZ4_LEGACY_BLOCK / LZ4_RATIO_MAX ? packed * LZ4_RATIO_MAX :
								     LZ4_LEGACY_BLOCK;
		while (out->capacity - out->size < wanted && out->capacity < max) {
			if (blob_grow(out, max, problem)) {
				return -1;
			}
		}
		room = out->capacity - out->size;
		room = room > LZ4_LEGACY_BLOCK ? LZ4_LEGACY_BLOCK : room;
		got = LZ4_decompress_safe((const char *)input.data + at,
					  (char *)out->data + out->size, (int)bounded_uint(packed),
					  (int)room);
		if (got <= 0) {
			return problem_set(problem, "lz4: the data is damaged%s",
					   room < wanted ? " or too large" : "");
		}
		out->size += (size_t)got;
		at += packed;
	}
	return out->size ? 0 : problem_set(problem, "lz4: the data is cut off");
}

static int unpack_refuse(struct unpack_input input, size_t max, struct blob *out,
			 struct problem *problem)
{
	(void)max;
	(void)out;
	return problem_set(problem, "%s compression is not supported (unpack the kernel first)",
			   unpack_name_format(input.data, input.size));
}

static const struct unpack_format {
	const char *name;
	const char *magic;
	size_t magic_size;
	unpack_fn *unpack;
} unpack_formats[] = {
	{ "gzip", "\x1f\x8b", 2, unpack_gzip },
	{ "xz",
	  "\xfd"
	  "7zXZ\0",
	  6, unpack_xz },
	{ "lzma", "\x5d\0\0", 3, unpack_lzma },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, unpack_zstd },
	{ "lz4", "\x02\x21\x4c\x18", 4, unpack_lz4 },
	{ "bzip2", "BZh", 3, unpack_refuse },
	{ "lzo", "\x89LZO", 4, unpack_refuse },
};

static const struct unpack_format *find_format(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof(unpack_formats) / sizeof(unpack_formats[0]); i++) {
		const struct unpack_format *format = &unpack_formats[i];

		if (size >= format->magic_size &&
		    !memcmp(data, format->magic, format->magic_size)) {
			return format;
		}
	}
	return NULL;
}

const char *unpack_name_format(const uint8_t *data, size_t size)
{
	const struct unpack_format *format = find_format(data, size);

	return format ? format->name : NULL;
}

int unpack_bytes(const uint8_t *data, size_t size, size_t max, struct blob *out,
		 struct problem *problem)
{
	const struct unpack_format *format = find_format(data, size);
	int result;

	memset(out, 0, sizeof(*out));
	if (!format) {
		return problem_set(problem, "the compression is not one that is known");
	}
	result = format->unpack((struct unpack_input){ data, size }, max, out, problem);
	if (result) {
		blob_free(out);
	}
	return result;
}
