// cheader.h: C declarations as data: what a library's headers say, and what a cstruct declares.
//
// The helper process (chelper.h) turns headers into lines, one per declaration; here each line is
// read when its name is first asked for. The types are those of the target x86-64, aarch64 and
// riscv64 Linux share: LP64, little-endian. Everything lives in the compilation's unit arena.
#ifndef FLAP_CHEADER_H
#define FLAP_CHEADER_H

#include "ast.h"
#include "map.h"
#include "unsafe.h"

typedef enum CKind {
    C_VOID,
    C_BOOL,
    C_I8,
    C_I16,
    C_I32,
    C_I64,
    C_U8,
    C_U16,
    C_U32,
    C_U64,
    C_F32,
    C_F64,
    C_LONG_DOUBLE, // rounded to a double on the way to Flap; 64 or 112 bits of precision in C
    C_POINTER,  // to `element` (null: void or nothing known)
    C_FUNCTION, // a pointer to a function of `prototype`
    C_RECORD,
    C_ARRAY, // `count` times `element`
    C_OTHER, // vectors, complex numbers, 128-bit integers: only its size is known
} CKind;

typedef struct CType CType;
typedef struct CRecord CRecord;

typedef struct CPrototype {
    const CType *result;
    VEC(const CType *) params;
    bool variadic;
    bool untyped; // only the name is known: 64-bit integers
} CPrototype;

struct CType {
    uint8_t kind;  // CKind
    bool is_const; // C_POINTER: what it points to is only read
    uint32_t align;
    uint64_t size, count;
    const CType *element;
    CRecord *record;
    const CPrototype *prototype;
};

typedef struct CField {
    Name *name;
    const CType *type;
    uint64_t offset;    // bytes
    uint8_t bit, width; // of a bit-field, from the low end of the bytes at offset; width 0: none
} CField;

struct CRecord {
    const char *name;
    uint64_t size; // 0: only its name is known
    uint32_t align;
    bool is_union;
    VEC(CField) fields;
};

typedef enum CDeclKind {
    C_DECL_FUNCTION,
    C_DECL_VARIABLE,
    C_DECL_NUMBER, // an enumerator, or a macro that is worth a number
    C_DECL_TEXT,
    C_DECL_TYPE,
    C_DECL_INLINE, // a function that exists in the header only
    C_DECL_MACRO,  // a macro with arguments
} CDeclKind;

typedef struct CDecl {
    CDeclKind kind;
    const char *name;
    const char *symbol;          // FUNCTION, VARIABLE: its name for the linker
    const CPrototype *prototype; // FUNCTION
    const char *text;            // FUNCTION: the C prototype; TEXT: the bytes
    const CType *type;           // VARIABLE, TYPE
    double number;
    bool pure; // FUNCTION of numbers alone, of the mathematics library
} CDecl;

typedef enum CLibraryState { C_LIBRARY_UNREAD, C_LIBRARY_READ, C_LIBRARY_MISSING } CLibraryState;

// An imported library. Nothing is read before one of its names is used.
typedef struct CLibrary {
    Arena *arena;
    Interner *names;
    Name *name;       // as imported: "sdl2"
    const char *path; // of a shared object imported by path, else null
    CLibraryState state;
    PtrMap lines; // Name -> the line that declares it
    PtrMap decls; // Name -> CDecl
    PtrMap tags;  // Name -> line of a struct's or union's tag
    VEC(const char *) record_lines;
    VEC(CType *) records;
    const char *first_error;          // clang's, or null
    VEC(const char *) links, folders; // what an executable is linked with: -l, -L
    bool untyped;                     // a shared object of which only the symbols are known
    bool listed;                      // all functions' names are noted: others are not its own
    bool linked;                      // noted in Program
    bool absent;                      // tried without being named, in vain: nothing was said
} CLibrary;

// The scalar types, shared: never freed.
const CType *ctype_scalar(CKind kind);
const CType *ctype_pointer(Arena *arena, const CType *element);
const CType *ctype_array(Arena *arena, const CType *element, uint64_t count);
const CType *ctype_record(Arena *arena, CRecord *record);
// Whether they are one type: those of two analyses are different objects.
bool ctype_same(const CType *a, const CType *b);
// "unsigned char", "struct point *": for messages.
const char *ctype_text(Arena *arena, const CType *type);
// A number type of Flap's words ("u8", "float64", "ptr"), or null.
const CType *ctype_of_cast(CastKind to);
static inline bool ctype_is_integer(const CType *type) {
    return type->kind >= C_BOOL && type->kind <= C_U64;
}
static inline bool ctype_is_float(const CType *type) {
    return type->kind == C_F32 || type->kind == C_F64;
}
static inline bool ctype_is_address(const CType *type) {
    return type->kind == C_POINTER || type->kind == C_FUNCTION;
}
// Whether a list of numbers can stand for the pointer: to numbers, to addresses, or to what
// nobody knows (doubles).
bool ctype_is_numbers(const CType *type);
// Whether text can stand for the pointer: to bytes, or to what nobody knows.
bool ctype_is_text(const CType *type);

// Lays fields out as C does; `packed`: without gaps; `aligned` 0: as the fields want.
void crecord_layout(CRecord *record, bool packed, uint32_t aligned);
const CField *crecord_field(const CRecord *record, const Name *name);
// The numbers that lie in a struct of up to C_SCALARS bytes, by the byte at which each begins (null:
// none does), as libffi must see them to pass the struct by the rules of `arch`. False: it is larger, or
// does not lie as C lays such numbers out (packed structs).
enum { C_SCALARS = 32 };
bool crecord_scalars(const CType *type, UnsafeArch arch, const CType *at[C_SCALARS]);
// Whether a callback can take and give the type.
bool ctype_fits_callback(const CType *type);

// Notes the lines that the helper wrote; `text` stays alive.
void cheader_index(CLibrary *library, char *text);
// The declaration of `name`, or null.
const CDecl *cheader_find(CLibrary *library, const Name *name);
// The type called `name`: a typedef, or a struct's tag; or null.
const CType *cheader_type(CLibrary *library, const Name *name);
// The declared name that is spelt most like `name`, or null.
const Name *cheader_nearest(const CLibrary *library, const Name *name);

#endif
