// parse_package.c: the files of a package, read where it is first imported.
//
// A package is known by its folder. Its block holds all of its files; later imports of it name the
// same folder and have no block. One that is being read is on the list of those around it, so that a
// circle is seen.
#include "parser_internal.h"

#include "package.h"

static void report_circle(Parser *p, const char *path, Span span) {
    const char *way = "";
    VEC_EACH(const char *, name, &p->files->importing)
    way = arena_printf(&p->c->unit, "%s%s → ", way, name);
    diag_report(p->c, DIAG_E0616, span, arena_printf(&p->c->unit, "%s%s", way, path));
}

static Node *read_files(Parser *p, const char *folder, Span span) {
    FileNames names = {0};
    if (!package_files(p->c, folder, &names, span)) return NULL;
    Node *whole = parse_new(p, NODE_BLOCK, span);
    VEC_EACH(const char *, name, &names) {
        if (!parse_note_file(p->c, p->files, name)) continue;
        Node *part = parse_include(p, name, span);
        if (part == NULL) continue;
        VEC_EACH(Node *, statement, &part->block.statements)
        vec_push(&p->c->unit, &whole->block.statements, statement);
    }
    return whole;
}

void parse_package(Parser *p, Node *node, Span span) {
    const char *folder = package_folder(p->c, p->source, node->import.path, span);
    if (folder == NULL) return;
    Name *key = intern_c(&p->c->names, folder);
    node->import.library = key;
    static const char being_read[] = "", read[] = "";
    const void *state = map_get(&p->files->packages, key);
    if (state == being_read) report_circle(p, node->import.path, span);
    if (state != NULL) return;
    map_put(&p->files->packages, key, (void *)(uintptr_t)being_read);
    vec_push(&p->c->unit, &p->files->importing, node->import.path);
    node->import.included = read_files(p, folder, span);
    p->files->importing.len--;
    map_put(&p->files->packages, key, (void *)(uintptr_t)read);
}
