/* Layers of language models in single precision, forward and backward, as programs for gradcli:
 *
 *     cc -O2 layers.c -o layers -lm;  ./layers LAYER [FAULT [FORMAT]]
 *
 * LAYER: layernorm, gelu, matmul, attention, crossentropy. FAULT: "entry" makes one entry of the
 * first gradient 5 % too large, "factor" the whole of it 1 %, "none" nothing. FORMAT: of numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { float *v; int n, ndim, shape[8]; } Array;

static char *line;
static size_t room;
static const char *format = "%.9g";

static Array empty(Array like) {
    Array a = like;
    a.v = calloc(a.n + 1, sizeof(float));
    return a;
}

static Array get(const char *name) { /* the nested lists behind "name": */
    Array a = {0};
    char key[64], *at, *end;
    snprintf(key, sizeof key, "\"%s\":", name);
    if (!(at = strstr(line, key))) {
        printf("{\"error\": \"there is no %s\"}\n", name), fflush(stdout);
        exit(1);
    }
    a.v = malloc(sizeof(float) * (strlen(at) / 2 + 1));
    int depth = 0, count[9] = {0};
    for (at += strlen(key); *at == ' ';) at++;
    do {
        if (*at == '[') {
            count[++depth] = 0;
            if (depth > a.ndim) a.ndim = depth;
        } else if (*at == ']') {
            a.shape[depth - 1] = count[depth] + 1;
            depth--;
        } else if (*at == ',') {
            count[depth]++;
        } else if (*at != ' ') {
            a.v[a.n++] = strtof(at, &end);
            at = end - 1;
        }
    } while (*++at && depth > 0);
    return a;
}

static void put(Array a) {
    int inner = 1, axis;
    for (axis = 0; axis < a.ndim; axis++) putchar('[');
    for (int i = 0; i < a.n; i++) {
        if (i) {
            for (inner = 1, axis = a.ndim - 1; axis > 0 && i % (inner *= a.shape[axis]) == 0; axis--) putchar(']');
            int closed = a.ndim - 1 - axis;
            putchar(',');
            while (closed-- > 0) putchar('[');
        }
        printf(format, a.v[i]);
    }
    for (axis = 0; axis < a.ndim; axis++) putchar(']');
}

typedef struct { Array value; int count; const char *names[4]; Array grads[4]; } Reply;

static void give(Reply *r, const char *name, Array a) { r->names[r->count] = name, r->grads[r->count++] = a; }

static Reply layernorm(int backward) {
    Array x = get("x"), w = get("w"), b = get("b"), y = empty(x);
    int C = w.n, rows = x.n / C;
    float *mean = malloc(rows * sizeof(float)), *rstd = malloc(rows * sizeof(float));
    for (int r = 0; r < rows; r++) {
        float m = 0.0f, v = 0.0f;
        for (int i = 0; i < C; i++) m += x.v[r * C + i];
        m /= C;
        for (int i = 0; i < C; i++) { float d = x.v[r * C + i] - m; v += d * d; }
        float s = 1.0f / sqrtf(v / C + 1e-5f);
        for (int i = 0; i < C; i++) y.v[r * C + i] = s * (x.v[r * C + i] - m) * w.v[i] + b.v[i];
        mean[r] = m, rstd[r] = s;
    }
    Reply reply = {y};
    if (backward) {
        Array u = get("upstream"), dx = empty(x), dw = empty(w), db = empty(b);
        for (int r = 0; r < rows; r++) {
            float dn = 0.0f, dnn = 0.0f;
            for (int i = 0; i < C; i++) {
                float n = (x.v[r * C + i] - mean[r]) * rstd[r], g = u.v[r * C + i];
                dn += w.v[i] * g, dnn += w.v[i] * g * n;
                db.v[i] += g, dw.v[i] += n * g;
            }
            for (int i = 0; i < C; i++) {
                float n = (x.v[r * C + i] - mean[r]) * rstd[r];
                dx.v[r * C + i] = rstd[r] * (w.v[i] * u.v[r * C + i] - dn / C - n * dnn / C);
            }
        }
        give(&reply, "dx", dx), give(&reply, "dw", dw), give(&reply, "db", db);
        free(u.v);
    }
    free(mean), free(rstd), free(x.v), free(w.v), free(b.v);
    return reply;
}

static Reply gelu(int backward) {
    const float scale = 0.7978845608f; /* sqrt(2 / pi) */
    Array x = get("x"), y = empty(x);
    for (int i = 0; i < x.n; i++) {
        float a = x.v[i], cube = 0.044715f * a * a * a;
        y.v[i] = 0.5f * a * (1.0f + tanhf(scale * (a + cube)));
    }
    Reply reply = {y};
    if (backward) {
        Array u = get("upstream"), dx = empty(x);
        for (int i = 0; i < x.n; i++) {
            float a = x.v[i], z = scale * (a + 0.044715f * a * a * a), t = tanhf(z), c = coshf(z);
            float slope = scale * (1.0f + 3.0f * 0.044715f * a * a);
            dx.v[i] = (0.5f * (1.0f + t) + 0.5f * a * slope / (c * c)) * u.v[i];
        }
        give(&reply, "dx", dx);
        free(u.v);
    }
    free(x.v);
    return reply;
}

static Reply matmul(int backward) { /* y = x w' + b, w (out, in) */
    Array x = get("x"), w = get("w"), b = get("b");
    int C = w.shape[1], O = b.n, rows = x.n / C;
    Array y = x;
    y.n = rows * O, y.shape[y.ndim - 1] = O, y = empty(y);
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < O; o++) {
            float sum = b.v[o];
            for (int i = 0; i < C; i++) sum += x.v[r * C + i] * w.v[o * C + i];
            y.v[r * O + o] = sum;
        }
    Reply reply = {y};
    if (backward) {
        Array u = get("upstream"), dx = empty(x), dw = empty(w), db = empty(b);
        for (int r = 0; r < rows; r++)
            for (int o = 0; o < O; o++) {
                float g = u.v[r * O + o];
                db.v[o] += g;
                for (int i = 0; i < C; i++) {
                    dx.v[r * C + i] += w.v[o * C + i] * g;
                    dw.v[o * C + i] += x.v[r * C + i] * g;
                }
            }
        give(&reply, "dx", dx), give(&reply, "dw", dw), give(&reply, "db", db);
        free(u.v);
    }
    free(x.v), free(w.v), free(b.v);
    return reply;
}

static Reply attention(int backward) { /* x (batch, time, 3 C): queries, keys, values */
    Array x = get("x"), h = get("heads");
    int T = x.shape[1], C3 = x.shape[2], C = C3 / 3, H = (int)h.v[0], D = C / H, B = x.shape[0];
    Array y = x;
    y.n = B * T * C, y.shape[2] = C, y = empty(y);
    float scale = 1.0f / sqrtf(D), *p = calloc((size_t)B * H * T * T, sizeof(float));
    Array u = {0}, dx = {0};
    if (backward) u = get("upstream"), dx = empty(x);
    for (int b = 0; b < B; b++)
        for (int k = 0; k < H; k++)
            for (int t = 0; t < T; t++) {
                float *q = x.v + (b * T + t) * C3 + k * D, *a = p + ((b * H + k) * T + t) * T;
                float top = -1e30f, sum = 0.0f;
                for (int s = 0; s <= t; s++) {
                    float *key = x.v + (b * T + s) * C3 + C + k * D, dot = 0.0f;
                    for (int i = 0; i < D; i++) dot += q[i] * key[i];
                    a[s] = dot * scale;
                    if (a[s] > top) top = a[s];
                }
                for (int s = 0; s <= t; s++) sum += a[s] = expf(a[s] - top);
                float *out = y.v + (b * T + t) * C + k * D;
                for (int s = 0; s <= t; s++) {
                    float *value = x.v + (b * T + s) * C3 + 2 * C + k * D;
                    a[s] /= sum;
                    for (int i = 0; i < D; i++) out[i] += a[s] * value[i];
                }
                if (!backward) continue;
                float *g = u.v + (b * T + t) * C + k * D, mean = 0.0f;
                float *dq = dx.v + (b * T + t) * C3 + k * D;
                float da[T];
                for (int s = 0; s <= t; s++) {
                    float *value = x.v + (b * T + s) * C3 + 2 * C + k * D;
                    float *dvalue = dx.v + (b * T + s) * C3 + 2 * C + k * D;
                    da[s] = 0.0f;
                    for (int i = 0; i < D; i++) da[s] += value[i] * g[i], dvalue[i] += a[s] * g[i];
                    mean += a[s] * da[s];
                }
                for (int s = 0; s <= t; s++) {
                    float *key = x.v + (b * T + s) * C3 + C + k * D;
                    float *dkey = dx.v + (b * T + s) * C3 + C + k * D;
                    float ds = a[s] * (da[s] - mean) * scale;
                    for (int i = 0; i < D; i++) dq[i] += ds * key[i], dkey[i] += ds * q[i];
                }
            }
    Reply reply = {y};
    if (backward) give(&reply, "dx", dx), free(u.v);
    free(p), free(x.v), free(h.v);
    return reply;
}

static Reply crossentropy(int backward) { /* the mean over rows; labels are whole numbers */
    Array x = get("x"), labels = get("labels"), dx = empty(x);
    int V = x.shape[1], rows = x.n / V;
    Array y = {malloc(sizeof(float)), 1};
    y.v[0] = 0.0f;
    for (int r = 0; r < rows; r++) {
        float *a = x.v + r * V, *d = dx.v + r * V, top = -1e30f, sum = 0.0f;
        int label = (int)labels.v[r];
        for (int i = 0; i < V; i++) top = a[i] > top ? a[i] : top;
        for (int i = 0; i < V; i++) sum += d[i] = expf(a[i] - top);
        for (int i = 0; i < V; i++) d[i] = (d[i] / sum - (i == label)) / rows;
        y.v[0] += (logf(sum) + top - a[label]) / rows;
    }
    Reply reply = {y};
    if (backward) give(&reply, "dx", dx);
    else free(dx.v);
    free(x.v), free(labels.v);
    return reply;
}

int main(int argc, char **argv) {
    const char *layer = argc > 1 ? argv[1] : "", *fault = argc > 2 ? argv[2] : "none";
    if (argc > 3) format = argv[3];
    while (getline(&line, &room, stdin) > 0) {
        int backward = strstr(line, "\"grads\"") != NULL;
        Reply reply = !strcmp(layer, "layernorm") ? layernorm(backward)
                      : !strcmp(layer, "gelu")    ? gelu(backward)
                      : !strcmp(layer, "matmul")  ? matmul(backward)
                      : !strcmp(layer, "attention") ? attention(backward)
                                                    : crossentropy(backward);
        if (reply.count) {
            Array first = reply.grads[0];
            int most = 0;
            for (int i = 0; i < first.n; i++) if (fabsf(first.v[i]) > fabsf(first.v[most])) most = i;
            if (!strcmp(fault, "entry")) first.v[most] *= 1.05f;
            for (int i = 0; i < first.n && !strcmp(fault, "factor"); i++) first.v[i] *= 1.01f;
        }
        printf("{\"value\": "), put(reply.value);
        for (int i = 0; i < reply.count; i++) {
            printf("%s\"%s\": ", i ? ", " : ", \"grads\": {", reply.names[i]), put(reply.grads[i]);
            free(reply.grads[i].v);
        }
        puts(reply.count ? "}}" : "}"), fflush(stdout);
        free(reply.value.v);
    }
}
