// libdw.h: the part of libdw (elfutils) that reads debugging information of shared objects: opened
// when it is needed, so that neither building nor using flapc otherwise needs it.
//
// Declared here by what the library's ABI fixes; the numbers are those of the DWARF standard.
#ifndef FLAP_LIBDW_H
#define FLAP_LIBDW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DwFile DwFile;
typedef struct DwUnit DwUnit;

typedef struct DwDie {
    void *address, *unit, *abbreviation;
    long padding;
} DwDie;

typedef struct DwAttribute {
    unsigned code, form;
    unsigned char *value;
    void *unit;
} DwAttribute;

enum {
    DW_ARRAY = 0x01,
    DW_CLASS = 0x02,
    DW_ENUMERATION = 0x04,
    DW_PARAMETER = 0x05,
    DW_MEMBER = 0x0d,
    DW_POINTER = 0x0f,
    DW_REFERENCE = 0x10,
    DW_STRUCT = 0x13,
    DW_FUNCTION_TYPE = 0x15,
    DW_TYPEDEF = 0x16,
    DW_UNION = 0x17,
    DW_UNSPECIFIED_PARAMETERS = 0x18,
    DW_SUBRANGE = 0x21,
    DW_BASE_TYPE = 0x24,
    DW_CONST = 0x26,
    DW_ENUMERATOR = 0x28,
    DW_FUNCTION = 0x2e,
    DW_VARIABLE = 0x34,
    DW_VOLATILE = 0x35,
    DW_RESTRICT = 0x37,
    DW_ATOMIC = 0x47,
};

enum {
    DW_AT_OLD_BIT_OFFSET = 0x0c,
    DW_AT_BIT_SIZE = 0x0d,
    DW_AT_CONST_VALUE = 0x1c,
    DW_AT_PROTOTYPED = 0x27,
    DW_AT_UPPER_BOUND = 0x2f,
    DW_AT_COUNT = 0x37,
    DW_AT_MEMBER_LOCATION = 0x38,
    DW_AT_DECLARATION = 0x3c,
    DW_AT_ENCODING = 0x3e,
    DW_AT_EXTERNAL = 0x3f,
    DW_AT_TYPE = 0x49,
    DW_AT_DATA_BIT_OFFSET = 0x6b,
    DW_AT_LINKAGE_NAME = 0x6e,
    DW_AT_ALIGNMENT = 0x88,
    DW_AT_GNU_VECTOR = 0x2107,
};

enum { DW_FORM_SDATA = 0x0d, DW_FORM_IMPLICIT = 0x21 };
enum { DW_BOOLEAN = 2, DW_COMPLEX = 3, DW_FLOAT = 4, DW_SIGNED = 5, DW_SIGNED_CHAR = 6 };

// name, result, parameters
#define LIBDW_FUNCTIONS(X)                                                                         \
    X(begin, DwFile *, (int, int))                                                                 \
    X(get_units, int,                                                                              \
      (DwFile *, DwUnit *, DwUnit **, uint16_t *, uint8_t *, DwDie *, DwDie *))                     \
    X(child, int, (DwDie *, DwDie *))                                                              \
    X(siblingof, int, (DwDie *, DwDie *))                                                          \
    X(tag, int, (DwDie *))                                                                         \
    X(diename, const char *, (DwDie *))                                                            \
    X(bytesize, int, (DwDie *))                                                                    \
    X(hasattr_integrate, int, (DwDie *, unsigned))                                                 \
    X(attr_integrate, DwAttribute *, (DwDie *, unsigned, DwAttribute *))                           \
    X(formref_die, DwDie *, (DwAttribute *, DwDie *))                                              \
    X(formudata, int, (DwAttribute *, uint64_t *))                                                 \
    X(formsdata, int, (DwAttribute *, int64_t *))

typedef struct LibDw {
#define LIBDW_MEMBER(name, result, parameters) result(*name) parameters;
    LIBDW_FUNCTIONS(LIBDW_MEMBER)
#undef LIBDW_MEMBER
} LibDw;

// Opens libdw. Null, or the name of what is missing: the library or one of its functions.
const char *libdw_open(LibDw *dw);

#endif
