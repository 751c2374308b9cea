"""The painter: an hourglass of convolutions with a transformer at its waist.

One class, two sizes. The noisy picture and the guide (reference, what of it is known, contours) enter by
pixel-unshuffle; the encoder's features reach the decoder by gated skips; text tokens join the waist's
image tokens. Style is a vector: a mixture of learnt embeddings and of what the look encoder sees in the
user's own pictures. The answer is the clean picture (x-prediction, preconditioned as in Karras et al.,
arXiv 2206.00364, table 1, for this noise path) as

    x = c_skip(t) * z + c_out(t) * (y + gate * reference)

with c_skip and c_out of the noise level (a picture that is nearly finished is nearly returned), y and
the per-pixel gate from the head. Nothing depends on the size of the picture: H and W are any multiples
of 16.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SPREAD = 0.5  # standard deviation of picture planes
TEMPERATURE = 3.0  # of attention
GUIDE = 7  # planes of the guide: reference (4), presence, known, contours
LOOK_SIDE = 64  # pixels of a side of the look encoder's input


@dataclass(frozen=True)
class Size:
    """Channels and blocks of each level; level 0 works on half the picture's resolution."""

    stem: int  # pixel-unshuffle factor
    widths: tuple[int, ...]
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    dim: int
    blocks: int
    heads: int
    conditions: int  # width of the time, style and look vector
    grid: int  # the picture side it is trained for


SIZES = {
    # 128 px picture: levels of 64, 32, 16; waist of 8 x 8 tokens. 3.5 M parameters, for two CPU cores.
    "preview": Size(2, (32, 64, 128), (0, 1, 1), (1, 1, 1), 192, 3, 4, 128, 128),
    # 256 px picture: levels of 128, 64, 32; waist of 16 x 16 tokens. 31 M parameters, 18 GFLOP a forward, three
    # quarters of them in the waist's matrix products, which run as int8.
    "standard": Size(2, (32, 64, 128), (0, 1, 1), (1, 1, 1), 512, 7, 8, 256, 256),
}


class Norm(nn.Module):
    """Root mean square 1 over the channels of each pixel, then a learnt gain."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """x [B, C, H, W], scale [B, C, 1, 1]."""
        wide = x.float()  # products, not powers: ONNX Runtime's Pow is several times slower
        unit = torch.rsqrt((wide * wide).mean(1, keepdim=True) + 1e-5)
        # Gain and scale meet first: they have no pixels.
        return x * unit.to(x.dtype) * (self.gain.to(x.dtype)[:, None, None] * scale)


def shrunk(x: Tensor, conv: nn.Conv2d, by: int) -> Tensor:
    """``conv(pixel_unshuffle(x, by))``: [B, C, H, W] -> [B, conv's, H / by, W / by].

    The exported graph says it as one convolution with a stride, and so never copies the picture in another order,
    which cost ONNX Runtime a fifth of a forward on two CPU cores.
    """
    if not torch.compiler.is_exporting():
        return conv(F.pixel_unshuffle(x, by))
    k, w = conv.kernel_size[0], conv.weight
    w = w.view(w.shape[0], -1, by, by, k, k).permute(0, 1, 4, 2, 5, 3).reshape(w.shape[0], -1, k * by, k * by)
    return F.conv2d(x, w, conv.bias, stride=by, padding=k // 2 * by)


def grown(x: Tensor, conv: nn.Conv2d, by: int) -> Tensor:
    """``pixel_shuffle(conv(x), by)``, of a convolution of single pixels: [B, C, H, W] -> [B, C', H by, W by].

    The exported graph says it as one transposed convolution, which ONNX Runtime runs in less than half the time. The
    biases, one for each pixel of a square, are the weights of a plane of ones.
    """
    if not torch.compiler.is_exporting():
        return F.pixel_shuffle(conv(x), by)
    w = torch.cat((conv.weight[:, :, 0, 0], conv.bias[:, None]), 1)
    return F.conv_transpose2d(
        F.pad(x, (0, 0, 0, 0, 0, 1), value=1.0), w.view(-1, by, by, w.shape[1]).permute(3, 0, 1, 2), stride=by
    )


def normed(x: Tensor, norm: nn.LayerNorm, scale: Tensor, shift: Tensor) -> Tensor:
    """``norm(x) * (1 + scale) + shift``, x [B, N, D], scale and shift [B, 1, D]; in the exported graph one operator."""
    if not torch.compiler.is_exporting():
        return norm(x) * (1 + scale) + shift
    of = (x, norm.weight * (1 + scale), norm.bias * (1 + scale) + shift)
    return operator("LayerNormalization", of, x, axis=2, epsilon=norm.eps)


def operator(name: str, of: tuple[Tensor, ...], like: Tensor, **attributes: float) -> Tensor:
    """An operator of ONNX or of ONNX Runtime (``com.microsoft::…``) in the exported graph; its answer is shaped as ``like``.
    What these compute is in ONNX Runtime's docs/ContribOperators.md."""
    version = 1 if "::" in name else None
    return torch.onnx.ops.symbolic(name, of, attributes, dtype=like.dtype, shape=like.shape, version=version)


class ConvBlock(nn.Module):
    """x + conv(relu(conv(relu(norm(x) * (1 + scale) + shift)))), scale and shift from the conditions."""

    def __init__(self, channels: int, conditions: int) -> None:
        super().__init__()
        self.norm = Norm(channels)
        self.film = nn.Linear(conditions, 2 * channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x [B, C, H, W], c [B, conditions]."""
        scale, shift = self.film(c)[:, :, None, None].chunk(2, 1)
        h = F.relu(self.norm(x, 1 + scale) + shift)
        return x + self.second(F.relu(self.first(h)))


class TokenBlock(nn.Module):
    """Pre-norm attention and ReLU^2 MLP over image and text tokens, shifted and scaled by the conditions."""

    def __init__(self, dim: int, heads: int, conditions: int) -> None:
        super().__init__()
        self.heads = heads
        self.film = nn.Linear(conditions, 4 * dim)
        self.before, self.between = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.up = nn.Linear(dim, 4 * dim)
        self.down = nn.Linear(4 * dim, dim)
        for layer in (self.film, self.out, self.down):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, c: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """x [B, N, dim], c [B, conditions], rope cos/sin [N, dim / heads]."""
        s1, b1, s2, b2 = self.film(c)[:, None].chunk(4, 2)
        qkv = self.qkv(normed(x, self.before, s1, b1))
        x = x + self.out((fused if torch.compiler.is_exporting() else attended)(qkv, self.heads, rope))
        lit = F.relu(self.up(normed(x, self.between, s2, b2)))
        return x + self.down(lit * lit)


def attended(qkv: Tensor, heads: int, rope: tuple[Tensor, Tensor]) -> Tensor:
    """What each token sees [B, N, D] of queries, keys and values [B, N, 3 D].

    Queries and keys have length sqrt(width); TEMPERATURE is theirs, as with QK-norm elsewhere.
    """
    b, n, d = qkv.shape
    q, k, v = qkv.reshape(b, n, 3, heads, d // 3 // heads).unbind(2)
    q, k = turn(unit(q).transpose(1, 2), rope), turn(unit(k).transpose(1, 2), rope)
    scale = TEMPERATURE * q.shape[-1] ** -0.5
    return F.scaled_dot_product_attention(q, k, v.transpose(1, 2), scale=scale).transpose(1, 2).reshape(b, n, d // 3)


def fused(qkv: Tensor, heads: int, rope: tuple[Tensor, Tensor]) -> Tensor:
    """:func:`attended` for the exported graph, in operators that ONNX Runtime runs in one pass each."""
    b, n, d = qkv.shape
    width = d // 3 // heads
    both, v = qkv.split((d // 3 * 2, d // 3), 2)
    both = unit(both.reshape(b, n, 2 * heads, width)).reshape(b, n, d // 3 * 2)
    cos, sin = (part[:, : width // 2] for part in rope)
    at = torch.zeros(1, dtype=torch.long)
    both = operator("com.microsoft::RotaryEmbedding", (both, at, cos, sin), both)
    return operator(
        "com.microsoft::MultiHeadAttention", (*both.chunk(2, 2), v), v, num_heads=heads, scale=TEMPERATURE * width**-0.5
    )


def unit(x: Tensor) -> Tensor:
    """Root mean square 1 over the last axis (query and key norm)."""
    wide = x.float()
    return x * torch.rsqrt((wide * wide).mean(-1, keepdim=True) + 1e-6).to(x.dtype)


def turn(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position: pairs (i, i + half) rotated by their angle."""
    cos, sin = rope
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


def rope_table(h: int, w: int, text: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """cos, sin [h * w + text, width]: a quarter of the channels turns with y, a quarter with x.

    Positions are centred and scaled so that the shorter side spans 8 units whatever the picture's
    size. Text tokens are not turned.
    """
    quarter = width // 4
    frequency = 2.0 ** torch.linspace(-1, 1.5, quarter, device=like.device)
    y = torch.arange(h, device=like.device).float()
    x = torch.arange(w, device=like.device).float()
    # Tensor arithmetic rather than min(h, w), so that the exported graph stays open in its sizes.
    step = 8.0 / (torch.minimum(y[-1], x[-1]) + 1)
    y, x = (y - y.mean()) * step, (x - x.mean()) * step
    angle_y = (y[:, None, None] * frequency).expand(h, w, quarter)
    angle_x = (x[None, :, None] * frequency).expand(h, w, quarter)
    half = torch.cat((angle_y, angle_x), -1).reshape(h * w, 2 * quarter)
    half = torch.cat((half, half.new_zeros(text, 2 * quarter)), 0)
    angles = torch.cat((half, half), -1)
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


class Look(nn.Module):
    """The look of a picture [B, 4, 64, 64] as a vector [B, conditions]: colours, line, surface, not what it shows."""

    def __init__(self, conditions: int) -> None:
        super().__init__()
        widths = (4, 32, 64, 128, 192)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in itertools.pairwise(widths))
        self.out = nn.Linear(widths[-1], conditions)

    def forward(self, picture: Tensor) -> Tensor:
        for layer in self.layers:
            picture = F.relu(layer(picture))
        return self.out(picture.mean((2, 3)))


class Painter(nn.Module):
    """See the module's page. ``vocab`` and ``styles`` count the embeddings (style 0 is "none")."""

    def __init__(self, size: Size, vocab: int, styles: int, text: int = 24) -> None:
        super().__init__()
        self.size, self.text = size, text
        w, c = size.widths, size.conditions
        self.time = nn.Sequential(nn.Linear(32, c), nn.SiLU(), nn.Linear(c, c))
        self.styles = nn.Parameter(torch.randn(styles, c) * 0.3)
        self.look = Look(c)
        self.words = nn.Embedding(vocab, size.dim)
        self.order = nn.Parameter(torch.randn(text, size.dim) * 0.02)
        self.stem = nn.Conv2d((4 + GUIDE) * size.stem**2, w[0], 3, padding=1)
        self.encoder = nn.ModuleList(
            nn.ModuleList(ConvBlock(ch, c) for _ in range(n)) for ch, n in zip(w, size.encoder, strict=True)
        )
        nexts = (*w[1:], size.dim)
        self.shrink = nn.ModuleList(nn.Conv2d(4 * a, b, 1) for a, b in zip(w, nexts, strict=True))
        self.waist = nn.ModuleList(TokenBlock(size.dim, size.heads, c) for _ in range(size.blocks))
        self.grow = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in zip(w, nexts, strict=True))
        self.skip = nn.ModuleList(nn.Conv2d(a, a, 1) for a in w)
        self.decoder = nn.ModuleList(
            nn.ModuleList(ConvBlock(ch, c) for _ in range(n)) for ch, n in zip(w, size.decoder, strict=True)
        )
        self.last = Norm(w[0])
        self.head = nn.Conv2d(w[0], 5 * size.stem**2, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        nn.init.normal_(self.words.weight, std=0.3)

    def conditions(self, t: Tensor, style: Tensor, look: Tensor) -> Tensor:
        """[B, conditions] from noise level, style weights and look."""
        frequency = 2.0 ** torch.linspace(-2, 6, 16, device=t.device)
        angle = t[:, None] * frequency * 3.14159265
        wave = torch.cat((angle.sin(), angle.cos()), 1)
        return F.silu(self.time(wave) + style @ self.styles + look)

    def forward(self, noisy: Tensor, t: Tensor, guide: Tensor, tokens: Tensor, style: Tensor, look: Tensor) -> Tensor:
        """noisy [B,4,H,W], t [B], guide [B,7,H,W], tokens [B,24], style [B,S], look [B,C] -> x [B,4,H,W]."""
        at = t[:, None, None, None]
        spread = torch.sqrt((1 - at) * (1 - at) + SPREAD**2 * at * at)
        c = self.conditions(t, style, look)
        x = shrunk(torch.cat((noisy / spread, guide), 1), self.stem, self.size.stem)
        kept = []
        for blocks, shrink in zip(self.encoder, self.shrink, strict=True):
            for block in blocks:
                x = block(x, c)
            kept.append(x)
            x = shrunk(x, shrink, 2)
        x = self.think(x, c, tokens)
        for i in reversed(range(len(kept))):
            x = grown(x, self.grow[i], 2) + self.skip[i](kept[i])
            for block in self.decoder[i]:
                x = block(x, c)
        y = F.pixel_shuffle(self.head(F.relu(self.last(x))), self.size.stem)
        colour, gate = y.split((4, 1), 1)
        drawn = colour + torch.sigmoid(gate) * guide[:, :4]
        return SPREAD**2 * at / (spread * spread) * noisy + (1 - at) / spread * drawn

    def think(self, x: Tensor, c: Tensor, tokens: Tensor) -> Tensor:
        """The waist: image tokens [B, dim, h, w] and text tokens attend to each other."""
        b, d, h, w = x.shape
        words = (self.words(tokens) + self.order) * (tokens != 0).unsqueeze(2).to(x.dtype)
        rope = rope_table(h, w, self.text, d // self.size.heads, x)
        z = torch.cat((x.flatten(2).transpose(1, 2), words.to(x.dtype)), 1)
        for block in self.waist:
            z = block(z, c, rope)
        return z[:, : h * w].transpose(1, 2).reshape(b, d, h, w)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def forward_flops(model: Painter, height: int, width: int) -> tuple[int, int]:
    """Multiply-adds times two of the convolutions and matrix products of one forward, attention included, and how
    many of them are the waist's products with stored weights, which are exported as int8."""
    total = waist = 0

    def count(module: nn.Module, _: object, out: Tensor) -> None:
        nonlocal total, waist
        if isinstance(module, nn.Conv2d):
            total += 2 * out.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            total += 2 * out.numel() * module.in_features
            waist += 2 * out.numel() * module.in_features * (out.ndim == 3)  # not the films, one row a picture
        elif isinstance(module, TokenBlock):
            total += 4 * out.shape[1] ** 2 * out.shape[2]  # queries with keys, weights with values

    hooks = [m.register_forward_hook(count) for m in model.modules()]
    with torch.no_grad():
        model(
            torch.zeros(1, 4, height, width), torch.zeros(1), torch.zeros(1, GUIDE, height, width),
            torch.zeros(1, model.text, dtype=torch.long), torch.zeros(1, len(model.styles)),
            torch.zeros(1, model.size.conditions),
        )  # fmt: skip
    for hook in hooks:
        hook.remove()
    return total, waist
