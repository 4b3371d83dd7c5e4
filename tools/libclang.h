// libclang.h: the part of libclang's C interface that reading headers needs, loaded at run time.
//
// The layouts and numbers below are libclang's stable ABI. Nothing of it is linked: only the helper
// process that reads headers (cmd_headers.c) opens the library.
#ifndef FLAP_LIBCLANG_H
#define FLAP_LIBCLANG_H

#include <stdbool.h>

typedef void *ClangIndex, *ClangUnit, *ClangFile, *ClangEval, *ClangDiagnostic;
typedef struct ClangString {
    const void *data;
    unsigned flags;
} ClangString;
typedef struct ClangCursor {
    int kind, extra;
    const void *data[3];
} ClangCursor;
typedef struct ClangType {
    int kind;
    void *data[2];
} ClangType;
typedef struct ClangLocation {
    const void *data[2];
    unsigned offset;
} ClangLocation;
typedef struct ClangRange {
    const void *data[2];
    unsigned begin, end;
} ClangRange;
typedef struct ClangToken {
    unsigned numbers[4];
    void *data;
} ClangToken;
typedef struct ClangUnsaved {
    const char *name, *text;
    unsigned long length;
} ClangUnsaved;
typedef int ClangVisitor(ClangCursor cursor, ClangCursor parent, void *context);
typedef int ClangFieldVisitor(ClangCursor cursor, void *context);
typedef void ClangInclusionVisitor(ClangFile file, ClangLocation *stack, unsigned depth,
                                   void *context);

enum { // kinds of cursors
    CLANG_STRUCT = 2,
    CLANG_UNION = 3,
    CLANG_ENUM = 5,
    CLANG_ENUM_CONSTANT = 7,
    CLANG_FUNCTION = 8,
    CLANG_VARIABLE = 9,
    CLANG_TYPEDEF = 20,
    CLANG_MACRO = 501,
};
enum { // kinds of types
    CLANG_TYPE_VOID = 2,
    CLANG_TYPE_BOOL = 3,
    CLANG_TYPE_CHAR_U = 4,
    CLANG_TYPE_UCHAR = 5,
    CLANG_TYPE_CHAR16 = 6,
    CLANG_TYPE_CHAR32 = 7,
    CLANG_TYPE_USHORT = 8,
    CLANG_TYPE_ULONGLONG = 11,
    CLANG_TYPE_CHAR_S = 13,
    CLANG_TYPE_LONGLONG = 19,
    CLANG_TYPE_FLOAT = 21,
    CLANG_TYPE_DOUBLE = 22,
    CLANG_TYPE_LONG_DOUBLE = 23,
    CLANG_TYPE_POINTER = 101,
    CLANG_TYPE_RECORD = 105,
    CLANG_TYPE_ENUM = 106,
    CLANG_TYPE_FUNCTION_BARE = 110,
    CLANG_TYPE_FUNCTION = 111,
    CLANG_TYPE_ARRAY = 112,
    CLANG_TYPE_ARRAY_OPEN = 114,
};
enum { CLANG_EVAL_INT = 1, CLANG_EVAL_FLOAT = 2, CLANG_EVAL_TEXT = 4 };
enum { CLANG_STATIC = 3 };
enum { CLANG_BREAK = 0, CLANG_CONTINUE = 1 };
enum { CLANG_WITH_MACROS = 0x01, CLANG_WITHOUT_BODIES = 0x40 };
enum { CLANG_SEVERITY_ERROR = 3 };

// name, result, parameters
#define LIBCLANG_FUNCTIONS(X)                                                                      \
    X(createIndex, ClangIndex, (int, int))                                                         \
    X(parseTranslationUnit2, int,                                                                  \
      (ClangIndex, const char *, const char *const *, int, ClangUnsaved *, unsigned, unsigned,     \
       ClangUnit *))                                                                               \
    X(getTranslationUnitCursor, ClangCursor, (ClangUnit))                                          \
    X(visitChildren, unsigned, (ClangCursor, ClangVisitor *, void *))                              \
    X(getCursorSpelling, ClangString, (ClangCursor))                                               \
    X(getCString, const char *, (ClangString))                                                     \
    X(disposeString, void, (ClangString))                                                          \
    X(getCursorType, ClangType, (ClangCursor))                                                     \
    X(getCanonicalType, ClangType, (ClangType))                                                    \
    X(getResultType, ClangType, (ClangType))                                                       \
    X(getNumArgTypes, int, (ClangType))                                                            \
    X(getArgType, ClangType, (ClangType, unsigned))                                                \
    X(isFunctionTypeVariadic, unsigned, (ClangType))                                               \
    X(getUnqualifiedType, ClangType, (ClangType))                                                  \
    X(getPointeeType, ClangType, (ClangType))                                                      \
    X(isConstQualifiedType, unsigned, (ClangType))                                                 \
    X(Type_getSizeOf, long long, (ClangType))                                                      \
    X(Type_getAlignOf, long long, (ClangType))                                                     \
    X(getTypeSpelling, ClangString, (ClangType))                                                   \
    X(getTypeDeclaration, ClangCursor, (ClangType))                                                \
    X(getArraySize, long long, (ClangType))                                                        \
    X(getArrayElementType, ClangType, (ClangType))                                                 \
    X(Type_visitFields, unsigned, (ClangType, ClangFieldVisitor *, void *))                        \
    X(Cursor_getOffsetOfField, long long, (ClangCursor))                                           \
    X(Cursor_isBitField, unsigned, (ClangCursor))                                                  \
    X(getFieldDeclBitWidth, int, (ClangCursor))                                                    \
    X(Cursor_isAnonymous, unsigned, (ClangCursor))                                                 \
    X(getEnumDeclIntegerType, ClangType, (ClangCursor))                                            \
    X(getEnumConstantDeclValue, long long, (ClangCursor))                                          \
    X(getEnumConstantDeclUnsignedValue, unsigned long long, (ClangCursor))                         \
    X(getTypedefDeclUnderlyingType, ClangType, (ClangCursor))                                      \
    X(Cursor_getNumArguments, int, (ClangCursor))                                                  \
    X(Cursor_getArgument, ClangCursor, (ClangCursor, unsigned))                                    \
    X(Cursor_getStorageClass, int, (ClangCursor))                                                  \
    X(Cursor_getMangling, ClangString, (ClangCursor))                                              \
    X(Cursor_isMacroFunctionLike, unsigned, (ClangCursor))                                         \
    X(Cursor_Evaluate, ClangEval, (ClangCursor))                                                   \
    X(EvalResult_getKind, int, (ClangEval))                                                        \
    X(EvalResult_getAsLongLong, long long, (ClangEval))                                            \
    X(EvalResult_isUnsignedInt, unsigned, (ClangEval))                                             \
    X(EvalResult_getAsUnsigned, unsigned long long, (ClangEval))                                   \
    X(EvalResult_getAsDouble, double, (ClangEval))                                                 \
    X(EvalResult_getAsStr, const char *, (ClangEval))                                              \
    X(EvalResult_dispose, void, (ClangEval))                                                       \
    X(getCursorExtent, ClangRange, (ClangCursor))                                                  \
    X(tokenize, void, (ClangUnit, ClangRange, ClangToken **, unsigned *))                          \
    X(getTokenSpelling, ClangString, (ClangUnit, ClangToken))                                      \
    X(disposeTokens, void, (ClangUnit, ClangToken *, unsigned))                                    \
    X(getInclusions, void, (ClangUnit, ClangInclusionVisitor *, void *))                           \
    X(getFileName, ClangString, (ClangFile))                                                       \
    X(getNumDiagnostics, unsigned, (ClangUnit))                                                    \
    X(getDiagnostic, ClangDiagnostic, (ClangUnit, unsigned))                                       \
    X(getDiagnosticSeverity, int, (ClangDiagnostic))                                               \
    X(formatDiagnostic, ClangString, (ClangDiagnostic, unsigned))                                  \
    X(defaultDiagnosticDisplayOptions, unsigned, (void))

typedef struct LibClang {
#define LIBCLANG_MEMBER(name, result, parameters) result(*name) parameters;
    LIBCLANG_FUNCTIONS(LIBCLANG_MEMBER)
#undef LIBCLANG_MEMBER
} LibClang;

// Opens libclang, 19 or newer. Null, or the name of what is missing: the library or one of its functions.
const char *libclang_open(LibClang *clang);

#endif
