/*
 * Kernels for tests, made with the libraries' encoders.
 */
#include "image_maker.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define LOAD_OFFSET 0x1000
#define LOAD_SIZE   0x3000

static Elf64_Ehdr make_header(uint16_t segments)
{
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = 0x100000,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = segments,
	};

	return header;
}

static Elf64_Phdr make_load(void)
{
	Elf64_Phdr load = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = LOAD_OFFSET,
		.p_vaddr = 0xffffffff80100000,
		.p_paddr = 0x100000,
		.p_filesz = LOAD_SIZE,
		.p_memsz = LOAD_SIZE + 0x1000,
	};

	return load;
}

static size_t put_note(uint8_t *out, uint32_t type)
{
	Elf64_Nhdr note = { .n_namesz = 4, .n_descsz = 8, .n_type = type };

	memcpy(out, &note, sizeof(note));
	memcpy(out + sizeof(note), "Xen", 4);
	memcpy(out + sizeof(note) + 4, "testing", 8);
	return sizeof(note) + 12;
}

static void fill_code(uint8_t *out)
{
	for (size_t i = 0; i < LOAD_SIZE; i++) {
		out[LOAD_OFFSET + i] = (uint8_t)(i * i >> 5);
	}
}

size_t image_make_elf(uint8_t *out, const uint32_t *note_types)
{
	Elf64_Ehdr header = make_header(2);
	Elf64_Phdr segments[2] = { make_load(),
				   { .p_type = PT_NOTE, .p_offset = LOAD_OFFSET + LOAD_SIZE } };
	size_t end = LOAD_OFFSET + LOAD_SIZE;

	memset(out, 0, end);
	fill_code(out);
	for (; *note_types; note_types++) {
		end += put_note(out + end, *note_types);
	}
	segments[1].p_filesz = end - segments[1].p_offset;
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), segments, sizeof(segments));
	return end;
}

size_t image_make_legacy_elf(uint8_t *out)
{
	static const char names[] = "\0__xen_guest\0.shstrtab";
	Elf64_Ehdr header = make_header(1);
	Elf64_Phdr load = make_load();
	size_t end = LOAD_OFFSET + LOAD_SIZE;
	Elf64_Shdr sections[3] = {
		{ .sh_type = SHT_NULL },
		{ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = LOAD_OFFSET, .sh_size = 16 },
		{ .sh_name = 13, .sh_type = SHT_STRTAB, .sh_offset = end, .sh_size = sizeof(names) },
	};

	memset(out, 0, end);
	fill_code(out);
	memcpy(out + end, names, sizeof(names));
	end += sizeof(names);
	header.e_shoff = end;
	header.e_shentsize = sizeof(Elf64_Shdr);
	header.e_shnum = 3;
	header.e_shstrndx = 2;
	memcpy(out + end, sections, sizeof(sections));
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), &load, sizeof(load));
	return end + sizeof(sections);
}

static size_t compress_gzip(const uint8_t *data, size_t size, uint8_t *out)
{
	z_stream stream = { 0 };

	cr_assert_eq(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
		     Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)data;
	stream.avail_in = (uInt)size;
	stream.next_out = out;
	stream.avail_out = IMAGE_MAKER_ROOM;
	cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static size_t compress_xz(const uint8_t *data, size_t size, uint8_t *out)
{
	size_t at = 0;

	cr_assert_eq(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, size, out, &at,
					     IMAGE_MAKER_ROOM),
		     LZMA_OK);
	return at;
}

static size_t compress_lzma(const uint8_t *data, size_t size, uint8_t *out)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	size_t made;

	lzma_lzma_preset(&options, 0);
	cr_assert_eq(lzma_alone_encoder(&stream, &options), LZMA_OK);
	stream.next_in = data;
	stream.avail_in = size;
	stream.next_out = out;
	stream.avail_out = IMAGE_MAKER_ROOM;
	cr_assert_eq(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
	made = stream.total_out;
	lzma_end(&stream);
	return made;
}

static size_t compress_lz4(const uint8_t *data, size_t size, uint8_t *out)
{
	/* Two blocks, so that the walk from one to the next is tested. */
	size_t half = size / 2;
	size_t sizes[2] = { half, size - half };
	size_t at = 4;

	memcpy(out, "\x02\x21\x4c\x18", 4);
	for (int i = 0; i < 2; i++) {
		int packed = LZ4_compress_default((const char *)data, (char *)out + at + 4,
						  (int)sizes[i], (int)(IMAGE_MAKER_ROOM - at - 4));

		cr_assert_gt(packed, 0);
		memcpy(out + at, &packed, 4);
		at += 4 + (size_t)packed;
		data += sizes[i];
	}
	return at;
}

size_t image_compress(const char *format, const uint8_t *data, size_t size, uint8_t *out)
{
	if (!strcmp(format, "gzip")) {
		return compress_gzip(data, size, out);
	}
	if (!strcmp(format, "xz")) {
		return compress_xz(data, size, out);
	}
	if (!strcmp(format, "lzma")) {
		return compress_lzma(data, size, out);
	}
	if (!strcmp(format, "lz4")) {
		return compress_lz4(data, size, out);
	}
	cr_assert_str_eq(format, "zstd");
	return ZSTD_compress(out, IMAGE_MAKER_ROOM, data, size, 3);
}

size_t image_make_bzimage(const uint8_t *payload, size_t size, uint8_t *out)
{
	uint32_t length = (uint32_t)size + 4;
	uint32_t offset = 0x340;
	size_t setup = 3 * 512;

	memset(out, 0, setup + offset);
	out[0x1f1] = 2;
	memcpy(out + 0x202, "HdrS", 4);
	out[0x206] = 0x0f;
	out[0x207] = 0x02;
	memcpy(out + 0x248, &offset, 4);
	memcpy(out + 0x24c, &length, 4);
	memcpy(out + setup + offset, payload, size);
	/* The unpacked size, which is no part of the stream. */
	memcpy(out + setup + offset + size, "\0\x50\0\0", 4);
	return setup + offset + length;
}
