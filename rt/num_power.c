// num_power.c: powers of ten as 128-bit mantissas, the base of both directions between numbers and
// text.
//
// Any power is a product of one of 26 tabulated 10^(28 j) and one of 28 exact 10^r. The product is
// cut off, so results are a little low by a known bound; callers fall back to exact arithmetic when
// that bound leaves a rounding undecided.
#include "value.h"

static const uint64_t big_powers[26][2] = {
    {UINT64_C(0xE1AFA13AFBD14D6D), UINT64_C(0x82189C09A3A1EC21)}, // 10^-364
    {UINT64_C(0xE3E27A444D8D98B7), UINT64_C(0xFD1B1B2308169B25)}, // 10^-336
    {UINT64_C(0xE61ACF033D1A45DF), UINT64_C(0x6FB92487298E33BD)}, // 10^-308
    {UINT64_C(0xE858AD248F5C22C9), UINT64_C(0xD1B3400F8F9CFF68)}, // 10^-280
    {UINT64_C(0xEA9C227723EE8BCB), UINT64_C(0x465E15A979C1CADC)}, // 10^-252
    {UINT64_C(0xECE53CEC4A314EBD), UINT64_C(0xA4F8BF5635246428)}, // 10^-224
    {UINT64_C(0xEF340A98172AACE4), UINT64_C(0x86FB897116C87C34)}, // 10^-196
    {UINT64_C(0xF18899B1BC3F8CA1), UINT64_C(0xDC44E6C3CB279AC1)}, // 10^-168
    {UINT64_C(0xF3E2F893DEC3F126), UINT64_C(0x5A89DBA3C3EFCCFA)}, // 10^-140
    {UINT64_C(0xF64335BCF065D37D), UINT64_C(0x4D4617B5FF4A16D5)}, // 10^-112
    {UINT64_C(0xF8A95FCF88747D94), UINT64_C(0x75A44C6397CE912A)}, // 10^-84
    {UINT64_C(0xFB158592BE068D2E), UINT64_C(0xEED6E2F0F0D56712)}, // 10^-56
    {UINT64_C(0xFD87B5F28300CA0D), UINT64_C(0x8BCA9D6E188853FC)}, // 10^-28
    {UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000)}, // 10^0
    {UINT64_C(0x813F3978F8940984), UINT64_C(0x4000000000000000)}, // 10^28
    {UINT64_C(0x82818F1281ED449F), UINT64_C(0xBFF8F10E7A8921A4)}, // 10^56
    {UINT64_C(0x83C7088E1AAB65DB), UINT64_C(0x792667C6DA79E0FA)}, // 10^84
    {UINT64_C(0x850FADC09923329E), UINT64_C(0x03E2CF6BC604DDB0)}, // 10^112
    {UINT64_C(0x865B86925B9BC5C2), UINT64_C(0x0B8A2392BA45A9B2)}, // 10^140
    {UINT64_C(0x87AA9AFF79042286), UINT64_C(0x90FB44D2F05D0842)}, // 10^168
    {UINT64_C(0x88FCF317F22241E2), UINT64_C(0x441FECE3BDF81F03)}, // 10^196
    {UINT64_C(0x8A5296FFE33CC92F), UINT64_C(0x82BD6B70D99AAA6F)}, // 10^224
    {UINT64_C(0x8BAB8EEFB6409C1A), UINT64_C(0x1AD089B6C2F7548E)}, // 10^252
    {UINT64_C(0x8D07E33455637EB2), UINT64_C(0xDB0B487B6423E1E8)}, // 10^280
    {UINT64_C(0x8E679C2F5E44FF8F), UINT64_C(0x570F09EAA7EA7648)}, // 10^308
    {UINT64_C(0x8FCAC257558EE4E6), UINT64_C(0x213A4F0AA5E8A7B1)}, // 10^336
};

static const uint64_t small_powers[28] = {
    // 10^0 … 10^27, top bit set
    UINT64_C(0x8000000000000000), UINT64_C(0xA000000000000000), UINT64_C(0xC800000000000000),
    UINT64_C(0xFA00000000000000), UINT64_C(0x9C40000000000000), UINT64_C(0xC350000000000000),
    UINT64_C(0xF424000000000000), UINT64_C(0x9896800000000000), UINT64_C(0xBEBC200000000000),
    UINT64_C(0xEE6B280000000000), UINT64_C(0x9502F90000000000), UINT64_C(0xBA43B74000000000),
    UINT64_C(0xE8D4A51000000000), UINT64_C(0x9184E72A00000000), UINT64_C(0xB5E620F480000000),
    UINT64_C(0xE35FA931A0000000), UINT64_C(0x8E1BC9BF04000000), UINT64_C(0xB1A2BC2EC5000000),
    UINT64_C(0xDE0B6B3A76400000), UINT64_C(0x8AC7230489E80000), UINT64_C(0xAD78EBC5AC620000),
    UINT64_C(0xD8D726B7177A8000), UINT64_C(0x878678326EAC9000), UINT64_C(0xA968163F0A57B400),
    UINT64_C(0xD3C21BCECCEDA100), UINT64_C(0x84595161401484A0), UINT64_C(0xA56FA5B99019A5C8),
    UINT64_C(0xCECB8F27F4200F3A),
};

typedef unsigned __int128 U128;

void rti_power_times(RtiPower power, uint64_t factor, uint64_t product[3]) {
    U128 low = (U128)power.low * factor;
    U128 high = (U128)power.high * factor + (uint64_t)(low >> 64);
    product[0] = (uint64_t)(high >> 64);
    product[1] = (uint64_t)high;
    product[2] = (uint64_t)low;
}

RtiPower rti_power_of_ten(int32_t power) {
    int32_t row = (power + 364) / 28, rest = power + 364 - row * 28;
    // floor(log2(10^power))
    RtiPower result = {.exponent = (int32_t)(((int64_t)power * 217706) >> 16),
                       .exact = power >= 0 && power <= 55};
    RtiPower base = {.high = big_powers[row][0], .low = big_powers[row][1]};
    if (rest == 0) {
        result.high = base.high;
        result.low = base.low;
        return result;
    }
    uint64_t product[3];
    rti_power_times(base, small_powers[rest], product);
    if (product[0] >> 63 != 0) {
        result.high = product[0];
        result.low = product[1];
    } else {
        result.high = product[0] << 1 | product[1] >> 63;
        result.low = product[1] << 1 | product[2] >> 63;
    }
    return result;
}
