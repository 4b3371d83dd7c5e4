// What C calls back with: every number, structs of every way of passing, long doubles.
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
typedef struct Point { double x, y; } Point;
typedef struct Small { int16_t a; float b; } Small;
typedef struct Mixed { int32_t n; double d; } Mixed;
typedef struct Large { double v[3]; Small inner; char name[6]; } Large;
typedef struct Grid { int8_t cell[2][3]; } Grid;
typedef struct Flags { unsigned low : 3; int high : 5; bool on : 1; } Flags;
typedef union Either { double d; float f[2]; } Either;
typedef struct Wide { long double l; int n; } Wide;
int narrow(int8_t (*f)(int8_t, uint8_t, int16_t, uint16_t), int bias);
uint32_t words(uint32_t (*f)(uint32_t, int32_t, float, bool));
float single(float (*f)(float, unsigned long long));
uint64_t high(uint64_t (*f)(uint64_t));
Point turn(Point (*f)(Point), Point p);
Small small(Small (*f)(Small, Small));
double mixed(Mixed (*f)(int, Mixed, double));
double large(Large (*f)(const Large, int));
int grid(Grid (*f)(Grid));
int flags(Flags (*f)(Flags));
double either(Either (*f)(Either));
double wide(Wide (*f)(Wide), long double (*g)(long double));
long double third(void);
long double sum_long(const long double *v, int n);
long double both(long double a, int n, long double b);
int points(int n, ...);
int on_threads(int (*f)(int), int threads, int calls);
