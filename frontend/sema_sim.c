// sema_sim.c: declarations of hardware: registers, modules and their ports become symbols and
// targets of the model. Bodies are sema_sim_body.c's, connections sema_sim_graph.c's.
#include "sema_sim.h"
#include <string.h>

bool sim_type_of(const Name *name, SimType *type) {
    const char *text = name->text;
    if ((text[0] != 'u' && text[0] != 'i') || name->len < 2 || name->len > 3 || text[1] == '0')
        return false;
    uint32_t width = 0;
    for (uint32_t i = 1; i < name->len; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        width = width * 10 + (uint32_t)(text[i] - '0');
    }
    if (width > 64) return false;
    *type = (SimType){(uint8_t)width, text[0] == 'i'};
    return true;
}

static SimType declared_type(Sema *s, const FieldDecl *decl) {
    SimType type = {64, true};
    if (!decl->pointer && sim_type_of(decl->type_name, &type)) return type;
    Diag *diag = diag_report(s->c, DIAG_E0702, decl->span, decl->type_name->text);
    diag_help(s->c, diag, "hardware values are u1 … u64 (unsigned) and i1 … i64 (signed)");
    return type;
}

static SimTarget *new_target(Sema *s, SimTargetKind kind, Name *name, Span span) {
    SimTarget *target = ARENA_NEW(s->arena, SimTarget);
    target->kind = kind;
    target->name = name;
    target->span = span;
    target->number = s->program->sim->targets.len;
    target->length = 1;
    vec_push(s->arena, &s->program->sim->targets, target);
    return target;
}

static Symbol *declare(Sema *s, SymbolKind kind, Name *name, Span span) {
    const Symbol *before = map_get(&s->scope->names, name);
    if (before != NULL) {
        Diag *diag = diag_report(s->c, DIAG_E0703, span, name->text);
        diag_note(s->c, diag, before->span, "declared here too");
    }
    Symbol *symbol = sema_add_symbol(s, kind, name, span, s->program->main);
    symbol->is_mutable = kind == SYMBOL_REGISTER;
    scope_define(s->scope, name, symbol);
    return symbol;
}

static void declare_register(Sema *s, const Node *node) {
    const FieldDecl *decl = node->reg.decl;
    SimTarget *target = new_target(s, SIM_REGISTER, decl->name, node->span);
    target->type = declared_type(s, decl);
    target->is_array = decl->count != NULL;
    declare(s, SYMBOL_REGISTER, decl->name, decl->span)->target = target;
}

static void declare_ports(Sema *s, SimModule *module, const FieldDeclVec *ports) {
    for (uint32_t i = 0; i < ports->len; i++) {
        const FieldDecl *decl = &ports->items[i];
        for (uint32_t k = 0; k < i; k++)
            if (ports->items[k].name == decl->name)
                diag_report(s->c, DIAG_E0703, decl->span, decl->name->text);
        SimTarget *port = new_target(s, SIM_PORT, decl->name, decl->span);
        port->type = declared_type(s, decl);
        port->module = module;
        if (decl->count != NULL)
            diag_report(s->c, DIAG_E0202, decl->span, "a port of one value", "an array");
        vec_push(s->arena, &module->ports, port);
    }
    if (ports->len > SIM_PORTS_MOST)
        diag_report(s->c, DIAG_E0704, module->span, "the number of ports", "at most 60");
}

static void declare_module(Sema *s, Node *node) {
    SimModel *model = s->program->sim;
    SimModule *module = ARENA_NEW(s->arena, SimModule);
    Span span = {node->span.begin, node->module.body->span.begin};
    module->name = node->module.name;
    module->span = span;
    module->number = model->modules.len;
    module->kind = node->module.downstream  ? SIM_DOWNSTREAM
                   : node->module.has_ports ? SIM_CALLED
                                            : SIM_DRIVER;
    module->source = ARENA_NEW(s->arena, Node);
    *module->source = *node;
    vec_push(s->arena, &model->modules, module);
    declare(s, SYMBOL_MODULE, module->name, span)->module = module;
    declare_ports(s, module, &node->module.ports);
    if (module->kind != SIM_CALLED) return;
    module->events = new_target(s, SIM_EVENTS, module->name, span);
    module->events->module = module;
}

static void declare_all(Sema *s, const NodeVec *statements) {
    VEC_EACH(Node *, node, statements) {
        if (node->kind == NODE_USE && node->use.included != NULL &&
            node->use.included->kind == NODE_BLOCK)
            declare_all(s, &node->use.included->block.statements);
        if (node->kind == NODE_REGISTER) declare_register(s, node);
        if (node->kind == NODE_MODULE) declare_module(s, node);
    }
}

void sema_sim_declare(Sema *s, const NodeVec *statements) {
    s->program->sim = ARENA_NEW(s->arena, SimModel);
    declare_all(s, statements);
}

// --- on the walk ---------------------------------------------------------------------------------

static bool is_top_level(const Sema *s) {
    return s->scope->parent == s->universe;
}

// A constant whole number that a declaration names, or `otherwise` after a report.
static uint64_t whole_number(Sema *s, Node *node, const char *what, double most,
                             uint64_t otherwise) {
    sema_value(s, node);
    const Node *value = sema_fold(s, node);
    if (node->kind == NODE_POISON) return otherwise;
    if (value == NULL || value->kind != NODE_NUMBER) {
        diag_report(s->c, DIAG_E0704, node->span, what, "a constant");
        return otherwise;
    }
    double number = value->number.value;
    if (number >= 1 && number <= most && number == (double)(uint64_t)number)
        return (uint64_t)number;
    diag_report(s->c, DIAG_E0704, node->span, what,
                arena_printf(s->arena, "a whole number from 1 to %.0f", most));
    return otherwise;
}

void sema_sim_register(Sema *s, Node *node) {
    Name *name = node->reg.decl->name;
    if (!is_top_level(s)) {
        diag_report(s->c, DIAG_E0701, node->span, "a register", "at the top level");
        sema_declare_poison(s, name);
        sema_poison(node);
        return;
    }
    Symbol *symbol = map_get(&s->scope->names, name);
    if (symbol == NULL || symbol->kind != SYMBOL_REGISTER) return; // declared twice
    SimTarget *target = symbol->target;
    if (node->reg.decl->count != NULL)
        target->length = whole_number(s, node->reg.decl->count, "the length of a register",
                                      SIM_ELEMENTS_MOST, 1);
    if (node->reg.initial == NULL) return;
    sema_value(s, node->reg.initial);
    target->initial = sim_initial(s, target, node->reg.initial);
}

void sema_sim_module(Sema *s, Node *node) {
    Name *name = node->module.name;
    if (!is_top_level(s)) {
        diag_report(s->c, DIAG_E0701, node->span, "a module", "at the top level");
        sema_declare_poison(s, name);
        sema_poison(node);
        return;
    }
    const Symbol *symbol = map_get(&s->scope->names, name);
    if (symbol == NULL || symbol->kind != SYMBOL_MODULE) return;
    for (uint32_t i = 0; i < node->module.ports.len; i++) {
        FieldDecl *decl = &node->module.ports.items[i];
        if (decl->depth == NULL) continue;
        SimTarget *port = sim_find_port(symbol->module, decl->name);
        if (port != NULL) port->depth = whole_number(s, decl->depth, "a depth", 1 << 20, 0);
    }
}

// --- the stage -----------------------------------------------------------------------------------

void sema_sim(Sema *s) {
    SimModel *model = s->program->sim;
    if (model == NULL) return;
    sim_bodies(s, model);
    sim_connect(s, model);
}
