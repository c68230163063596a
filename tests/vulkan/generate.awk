# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shaders by chance, to see what Mesa's compiler makes of them: each is a function map()
# for head.glsl and tail.glsl, of statements out of the list below, some of them in
# branches and loops. They are compiled and never run, so that nothing here needs a result.
#
#	awk -v seed=N -f generate.awk
#
# The same number gives the same shader with any awk.

function chance(n)
{
	state = (state * 16807) % 2147483647
	return int(state / 7) % n
}

function add(text)
{
	statements[num++] = text
}

# Variables: a b c uint, s t int, f g float, v w vec4, p uvec4, r ivec2, h k of 16-bit
# floats, m of 16-bit integers, e of bytes, q of 64 bits
function list()
{
	add("a += b * c;"); add("b = a - c;"); add("c = (a << (b & 31u)) | c >> 3;")
	add("a = bitfieldExtract(b, 5, 9);"); add("b = bitfieldInsert(a, c, 3, 11);")
	add("c = bitfieldReverse(a);"); add("a = uint(bitCount(b));")
	add("s = findMSB(a);"); add("t = findLSB(b);"); add("s = findMSB(t);")
	add("b = min(a, c);"); add("t = max(s, -t);"); add("s = abs(t) * sign(s);")
	add("c = a / (b | 1u);"); add("s = s % (t | 1);"); add("a ^= ~b & c;")
	add("t = s >> (t & 15);"); add("b = (a >> 8) & 0xffu;"); add("c = a * 0x9e3779b9u;")
	add("{ uint hi, lo; umulExtended(a, b, hi, lo); c ^= hi; b = lo; }")
	add("{ int hi, lo; imulExtended(s, t, hi, lo); t = hi ^ lo; }")
	add("{ uint carry; a = uaddCarry(a, b, carry); c += carry; }")
	add("{ uint borrow; a = usubBorrow(a, b, borrow); c -= borrow; }")
	add("f = f * g + 0.5;"); add("g = f - g;"); add("f = fma(f, g, v.x);")
	add("f = min(f, g);"); add("g = clamp(f, 0.0, 1.0);"); add("f = clamp(g, -1.0, 1.0);")
	add("f = floor(g);"); add("g = ceil(f);"); add("f = trunc(g);"); add("g = roundEven(f);")
	add("f = fract(g);"); add("g = abs(f) * -2.0;"); add("f = 1.0 / g;")
	add("g = sqrt(f);"); add("f = inversesqrt(g);"); add("g = exp2(f);"); add("f = log2(g);")
	add("g = pow(abs(f), 1.7);"); add("f = sin(g);"); add("g = cos(f);"); add("f = atan(g, f);")
	add("{ int x; f = frexp(g, x); s += x; }"); add("g = ldexp(f, t & 31);")
	add("f = mix(f, g, 0.25);"); add("f = step(f, g);"); add("g = smoothstep(0.0, 1.0, f);")
	add("f = mod(f, 3.0);"); add("f = isnan(g) ? 1.0 : g;"); add("f = isinf(f) ? 0.0 : f;")
	add("s = int(f);"); add("a = uint(g);"); add("f = float(a);"); add("g = float(t);")
	add("a = floatBitsToUint(f);"); add("f = uintBitsToFloat(b);")
	add("c = a < b ? a : c;"); add("t = f < g ? s : t;"); add("f = a == b ? f : g;")
	add("s = s <= t ? -1 : s;"); add("a = f != g ? 1u : b;")
	add("v = v * w + f;"); add("w = mix(v, w, vec4(lessThan(v, w)));"); add("f = dot(v, w);")
	add("v = normalize(w);"); add("g = length(v.xyz);"); add("w.xyz = cross(v.xyz, w.zxy);")
	add("v = v.wzyx;"); add("p = p * 3u + uvec4(a, b, c, a);"); add("p ^= p.yzwx;")
	add("r = r.yx - ivec2(s, t);"); add("a = p.x + p.w;"); add("v = vec4(p);")
	add("a = packHalf2x16(vec2(f, g));"); add("v.xy = unpackHalf2x16(a);")
	add("b = packUnorm4x8(v);"); add("w = unpackUnorm4x8(b);"); add("c = packSnorm4x8(w);")
	add("v = unpackSnorm4x8(c);"); add("a = packUnorm2x16(v.xy);"); add("w.zw = unpackSnorm2x16(b);")
	add("h = h * k + h;"); add("k = max(h, k.yx);"); add("h = f16vec2(f, g);")
	add("f = float(h.x) + float(k.y);"); add("k = floor(h);"); add("h = abs(k) - h;")
	add("h = mix(k, h, float16_t(0.5));"); add("h = clamp(k, f16vec2(0.0), f16vec2(1.0));")
	add("k = sqrt(abs(h));"); add("h.x = h.x < k.x ? k.y : h.y;"); add("k = f16vec2(m);")
	add("m = m * int16_t(3) + m.yx;"); add("m = i16vec2(h);"); add("m = max(m, -m);")
	add("m >>= int16_t(2);"); add("m = i16vec2(s, t);"); add("s = int(m.x) + int(m.y);")
	add("m.x = m.x < m.y ? m.x : int16_t(a);"); add("m = abs(m);"); add("m ^= m.yx;")
	add("e = u8vec4(p);"); add("p = uvec4(e);"); add("e = e + e.wzyx;")
	add("e = max(e, e.yxwz);"); add("a = uint(e.x) << 8 | uint(e.z);"); add("v = vec4(e);")
	add("e = u8vec4(v);"); add("e ^= e.yzwx;"); add("e.x = e.y < e.z ? e.w : e.x;")
	add("q = q * 3ul + uint64_t(a);"); add("q = q >> 7 ^ q << 9;"); add("a = uint(q >> 32);")
	add("q = uint64_t(a) << 32 | uint64_t(b);"); add("q = q < uint64_t(c) ? q : q - 1ul;")
	add("q = max(q, uint64_t(b));"); add("s = int(int64_t(q) >> 40);"); add("f = float(q);")
	add("a += src[b & 1023u];"); add("f += uintBitsToFloat(src[(a + 3u) & 1023u]);")
	add("dst[a & 1023u] = b;"); add("p = uvec4(src[c & 1020u], src[(c & 1020u) + 1u], src[(c & 1020u) + 2u], src[(c & 1020u) + 3u]);")
	add("atomicAdd(dst[b & 1023u], a);"); add("c = atomicMax(dst[a & 1023u], b);")
	add("a = atomicExchange(dst[b & 7u], a);"); add("b = atomicCompSwap(dst[1], a, c);")
	add("s = int(atomicAnd(dst[2], b));"); add("atomicXor(dst[c & 15u], 1u);")
	add("a += count;"); add("b ^= gl_LocalInvocationIndex;"); add("c += gl_WorkGroupID.y;")
	add("a += gl_NumWorkGroups.x;"); add("b += gl_GlobalInvocationID.z;")
	add("a = subgroupAdd(a);"); add("b = subgroupMin(b);"); add("s = subgroupMax(s);")
	add("f = subgroupAdd(f);"); add("a = subgroupExclusiveAdd(b);"); add("c = subgroupInclusiveXor(c);")
	add("b = subgroupShuffle(a, b & 15u);"); add("f = subgroupShuffleXor(g, 3u);")
	add("c = subgroupBroadcast(a, 2u);"); add("a = subgroupBroadcastFirst(c);")
	add("p = subgroupBallot(a > b);"); add("s = subgroupAll(f < g) ? 1 : t;")
	add("t = subgroupAny(a == c) ? s : 0;"); add("b = subgroupClusteredAdd(b, 4u);")
	add("a = subgroupClusteredOr(a, 8u);"); add("c = subgroupElect() ? a : c;")
	add("room[a & 255u] = b;"); add("c = room[(b + 1u) & 255u];"); add("atomicAdd(room[a & 3u], 2u);")
	add("room[gl_LocalInvocationIndex & 255u] = a; barrier(); b += room[(a + 7u) & 255u];")
	add("own[b & 7u] = f;"); add("g += own[a & 7u];"); add("own[(a >> 3) & 7u] = float(s);")
}

function body(n, depth,    i, kind)
{
	for (i = 0; i < n; i++) {
		kind = chance(12)
		if (depth < 3 && kind == 0) {
			print "if (a " (chance(2) ? "<" : "==") " b) {"
			body(2 + chance(3), depth + 1)
			print "} else {"
			body(1 + chance(2), depth + 1)
			print "}"
		} else if (depth < 2 && kind == 1) {
			print "for (uint n" depth " = 0; n" depth " < (c & 7u); n" depth "++) {"
			body(2 + chance(3), depth + 1)
			if (chance(2))
				print "if (f > 3.0) break;"
			print "}"
		} else if (depth < 2 && kind == 2) {
			print "switch (a & 3u) {"
			print "case 0:"
			body(2, depth + 1)
			print "break;"
			print "case 2:"
			body(2, depth + 1)
			print "default:"
			body(1, depth + 1)
			print "}"
		} else {
			print statements[chance(num)]
		}
	}
}

BEGIN {
	state = seed * 7919 + 12345
	list()
	print "#extension GL_EXT_shader_explicit_arithmetic_types : require"
	print "shared uint room[256];"
	print "uint map(uint i)"
	print "{"
	print "uint a = at(i), b = at(i + 1), c = at(i + 2);"
	print "int s = sat(i + 3), t = sat(i + 4);"
	print "float f = wide(i), g = unit(i + 1);"
	print "vec4 v = vec4(f, g, unit(a), wide(b)), w = v.yzwx;"
	print "uvec4 p = uvec4(a, b, c, a ^ b);"
	print "ivec2 r = ivec2(s, t);"
	print "f16vec2 h = f16vec2(f, g), k = f16vec2(g, f);"
	print "i16vec2 m = i16vec2(r);"
	print "u8vec4 e = u8vec4(p);"
	print "uint64_t q = uint64_t(a) * 5ul;"
	print "float own[8] = float[8](f, g, f, g, 1.0, 2.0, f, g);"
	body(14 + chance(12), 0)
	print "a ^= b ^ c ^ uint(s) ^ uint(t) ^ bits(f) ^ bits(g) ^ bits(dot(v, w));"
	print "a ^= p.x ^ p.y ^ p.z ^ p.w ^ uint(r.x ^ r.y) ^ uint(q) ^ uint(q >> 32);"
	print "a ^= bits(float(h.x + k.x)) ^ bits(float(h.y + k.y)) ^ uint(m.x) ^ uint(m.y);"
	print "return a ^ uint(e.x ^ e.y) ^ uint(e.z) << 8 ^ uint(e.w) << 16;"
	print "}"
}
