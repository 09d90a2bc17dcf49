"""Self-attention of 4 heads: 64 features, 64 steps, batch 8; the loss is the mean of squares.

x is (batch, t, d), wq wk wv (d, heads, key_dim), wo (heads, key_dim, d); the gradient of x counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.benchmarks.alone import Call, Work

BATCH, T, D, HEADS = 8, 64, 64, 4
K = D // HEADS
LETTERS = ("wq", "wk", "wv", "wo", "bq", "bk", "bv", "bo")
SHAPES = (*[(D, HEADS, K)] * 3, (HEADS, K, D), *[(HEADS, K)] * 3, (D,))


def data() -> tuple[Any, list[Any]]:
    """x, and the parameters in the order of LETTERS."""
    rng = np.random.default_rng(0)
    params = [(rng.standard_normal(shape) / 8).astype(np.float32) for shape in SHAPES]
    return rng.standard_normal((BATCH, T, D)).astype(np.float32), params


def by_hand() -> Call:
    """NumPy: q, k and v in one product, heads as views, all else in place where it can be."""
    x, (wq, wk, wv, wo, bq, bk, bv, bo) = data()
    rows, scale = x.reshape(-1, D), np.float32(K**-0.5)

    def call() -> Any:
        w = np.concatenate([wq.reshape(D, D) * scale, wk.reshape(D, D), wv.reshape(D, D)], axis=1)
        z = rows @ w
        z += np.concatenate([bq.reshape(-1) * scale, bk.reshape(-1), bv.reshape(-1)])
        q, k, v = z.reshape(BATCH, T, 3, HEADS, K).transpose(2, 0, 3, 1, 4)
        p = q @ k.mT
        p -= p.max(axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=-1, keepdims=True)
        seen = np.empty((BATCH, T, HEADS, K), np.float32)
        np.matmul(p, v, out=seen.transpose(0, 2, 1, 3))
        y = seen.reshape(-1, D) @ wo.reshape(D, D)
        y += bo
        loss = np.vdot(y, y) / y.size
        dy = y * np.float32(2 / y.size)
        dwo = seen.reshape(-1, D).T @ dy
        dseen = (dy @ wo.reshape(D, D).T).reshape(BATCH, T, HEADS, K)
        along = (dseen * seen).sum(axis=-1).transpose(0, 2, 1)[..., None]
        dseen = dseen.transpose(0, 2, 1, 3)
        dz = np.empty((BATCH, T, 3, HEADS, K), np.float32)
        dq, dk, dv = dz.transpose(2, 0, 3, 1, 4)
        np.matmul(p.mT, dseen, out=dv)
        ds = dseen @ v.mT
        ds -= along
        ds *= p
        np.matmul(ds, k, out=dq)
        np.matmul(ds.mT, q, out=dk)
        dz = dz.reshape(-1, 3 * D)
        dw, db = rows.T @ dz, dz.sum(axis=0)
        dw[:, :D] *= scale
        db[:D] *= scale
        return loss, [
            (dz @ w.T).reshape(x.shape),
            *[part.reshape(D, HEADS, K) for part in np.split(dw, 3, axis=1)],
            dwo.reshape(wo.shape),
            *[part.reshape(HEADS, K) for part in np.split(db, 3)],
            dy.sum(axis=0),
        ]

    return call


def gradcli() -> Call:
    from gradcli.engine import Program, mean, square
    from gradcli.layers.attention import attend

    x, params = data()

    def loss(x: Any, *arrays: Any) -> Any:
        named = dict(zip(LETTERS, arrays))
        return mean(square(attend(named, x, causal=False, note=lambda name, value: value)))

    program = Program(loss, (x, *params), range(1 + len(params)))
    return lambda: program.value_and_grad(x, *params)


def torch() -> Call:
    """As nanoGPT and others write it, which is faster than nn.MultiheadAttention: one product for
    q, k and v, and the fused attention. The gradients are views in the layout of the others."""
    import torch
    from torch.nn.functional import linear, scaled_dot_product_attention

    x, params = data()
    wq, wk, wv, wo, bq, bk, bv, bo = params
    packed = np.concatenate([w.reshape(D, D) for w in (wq, wk, wv)], axis=1).T
    own = [x, packed, np.concatenate([b.reshape(-1) for b in (bq, bk, bv)]), wo.reshape(D, D).T, bo]
    sources = [torch.tensor(np.ascontiguousarray(array), requires_grad=True) for array in own]
    tx, w, b, w_out, b_out = sources

    def call() -> Any:
        q, k, v = linear(tx, w, b).view(BATCH, T, 3, HEADS, K).permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(BATCH, T, D)
        y = linear(seen, w_out, b_out)
        loss = (y * y).mean()
        dx, dw, db, dw_out, db_out = torch.autograd.grad(loss, sources)
        inward = [part.T.reshape(D, HEADS, K) for part in dw.split(D)]
        biases = [part.view(HEADS, K) for part in db.split(D)]
        found = [dx, *inward, dw_out.T.reshape(HEADS, K, D), *biases, db_out]
        return loss.detach(), found

    return call


def module() -> Call:
    """nn.MultiheadAttention in training mode."""
    import torch

    x, params = data()
    wq, wk, wv, wo, bq, bk, bv, bo = params
    tx = torch.tensor(x, requires_grad=True)
    layer = torch.nn.MultiheadAttention(D, HEADS, batch_first=True)
    packed = np.concatenate([w.reshape(D, D) for w in (wq, wk, wv)], axis=1).T
    with torch.no_grad():
        layer.in_proj_weight.copy_(torch.tensor(packed))
        layer.in_proj_bias.copy_(torch.tensor(np.concatenate([bq, bk, bv]).reshape(-1)))
        layer.out_proj.weight.copy_(torch.tensor(wo.reshape(D, D).T))
        layer.out_proj.bias.copy_(torch.tensor(bo))
    sources = [tx, *layer.parameters()]

    def call() -> Any:
        y, _ = layer(tx, tx, tx, need_weights=False)
        loss = (y * y).mean()
        dx, dw, db, dw_out, db_out = torch.autograd.grad(loss, sources)
        inward = [part.T.reshape(D, HEADS, K) for part in dw.split(D)]
        biases = [part.view(HEADS, K) for part in db.split(D)]
        found = [dx, *inward, dw_out.T.reshape(HEADS, K, D), *biases, db_out]
        return loss.detach(), found

    return call


def autograd() -> Call:
    """The formula as it stands."""
    import autograd
    import autograd.numpy as anp

    x, params = data()

    def loss(arrays: Any) -> Any:
        x, wq, wk, wv, wo, bq, bk, bv, bo = arrays

        def heads(w: Any, b: Any) -> Any:
            z = anp.reshape(x, (-1, D)) @ anp.reshape(w, (D, D)) + anp.reshape(b, (-1,))
            return anp.transpose(anp.reshape(z, (BATCH, T, HEADS, K)), (0, 2, 1, 3))

        q, k, v = heads(wq, bq), heads(wk, bk), heads(wv, bv)
        s = (q * K**-0.5) @ anp.transpose(k, (0, 1, 3, 2))
        e = anp.exp(s - anp.max(s, axis=-1, keepdims=True))
        p = e / anp.sum(e, axis=-1, keepdims=True)
        seen = anp.reshape(anp.transpose(p @ v, (0, 2, 1, 3)), (-1, D))
        y = seen @ anp.reshape(wo, (D, D)) + bo
        return anp.mean(y * y)

    step = autograd.value_and_grad(loss)
    return lambda: step([x, *params])


WORK = Work(
    f"attention, {D} features, {T} steps, {HEADS} heads, batch {BATCH}",
    {
        "NumPy by hand": ("numpy", by_hand),
        "gradcli": ("gradcli", gradcli),
        "torch": ("torch", torch),
        "torch's module": ("torch", module),
        "autograd": ("autograd", autograd),
    },
    "<= 1.2 x both, memory <= 2 x torch",
)
