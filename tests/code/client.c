/* A program for gradcli: value = sum(tanh(w x + b)), for arrays of one length.  cc -O2 client.c -lm */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };
static char line[1 << 20];

static int array(const char *name, double *to) { /* the numbers behind "name": [ */
    char *at = strstr(line, name), *end;
    int n = 0;
    for (at = at ? strchr(at, '[') : NULL; at && *at && *at != ']' && n < MOST; at = end)
        to[n++] = strtod(at + 1, &end);
    return n;
}

static void list(const char *name, const double *from, int n) {
    printf("\"%s\": [", name);
    for (int i = 0; i < n; i++) printf("%s%.17g", i ? ", " : "", from[i]);
}

int main(void) {
    static double x[MOST], w[MOST], b[MOST], dx[MOST], dw[MOST], db[MOST];
    while (fgets(line, sizeof line, stdin)) {
        int n = array("\"x\":", x);
        array("\"w\":", w), array("\"b\":", b);
        double value = 0;
        for (int i = 0; i < n; i++) {
            double h = tanh(w[i] * x[i] + b[i]);
            value += h, db[i] = 1 - h * h, dx[i] = db[i] * w[i], dw[i] = db[i] * x[i];
        }
        printf("{\"value\": %.17g, \"grads\": {", value);
        list("dx", dx, n), printf("], "), list("dw", dw, n), printf("], ");
        list("db", db, n), printf("]}}\n"), fflush(stdout);
    }
}
