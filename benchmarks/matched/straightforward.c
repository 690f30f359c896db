/* What a careful programmer writes first: every bar of every position, in the order of the spec.

   Prices are ticks, quantities lots, ratios ten-thousandths. Longs only. A bar goes open, low, high, close. A stop takes
   all, the trail its runner, rungs their lots; what the open has passed fills at the open. A fill is a row of five:
   position, bar, code, price, lots. Codes: 0 stop, 3 trail, 5 end of data, 100 + number of the rung. */
#include <stdint.h>
#define PARTS 10000
#define FAR ((int64_t)1 << 62)
typedef int64_t i64;

typedef struct { i64 rungs, stages, r[8], share[8], from[8], callback[8]; } Ladder;

static i64 up(i64 a, i64 b) { return (a + b - 1) / b; }

#define FILL(CODE, PRICE, LOTS) do { i64 *row = out + 5 * at++; row[0] = i; row[1] = j; row[2] = (CODE); \
    row[3] = (PRICE); row[4] = (LOTS); quantity -= row[4]; } while (0)
#define RAISE(PRICE) do { peak = (PRICE); \
    while (stage + 1 < ladder->stages && peak >= from[stage + 1]) stage++; \
    if (stage >= 0) { i64 level = up(peak * (PARTS - ladder->callback[stage]), PARTS); \
        if (level > trail) trail = level; } } while (0)
#define TRAIL(PRICE) do { i64 part = runner < quantity ? runner : quantity; runner = 0; \
    FILL(3, (PRICE), part); } while (0)
#define IS_LIVE (runner && trail > stop)

/* Entries one after another; `single` drops those that come while a position is open. Returns the number of fills. */
i64 follow(const i64 *restrict o, const i64 *restrict h, const i64 *restrict l, const i64 *restrict c, i64 bars,
           const i64 *restrict bar, const i64 *restrict price, const i64 *restrict stops, const i64 *restrict lots,
           i64 count, const Ladder *restrict ladder, i64 single, i64 *restrict out)
{
    i64 at = 0, last = -1;
    for (i64 i = 0; i < count; i++) {
        if (single && bar[i] <= last) continue;
        i64 entry = price[i], stop = stops[i], risk = entry - stop, quantity = lots[i];
        i64 level[9], part[8], from[9], rungs = 0, sized = 0;
        for (i64 k = 0; k < ladder->rungs; k++) {
            part[k] = ladder->share[k] * lots[i] / PARTS;
            level[k] = (entry * PARTS + ladder->r[k] * risk) / PARTS;
            if (level[k] <= entry) level[k] = entry + 1;
            sized += part[k];
            rungs++;
        }
        level[rungs] = FAR;
        i64 runner = ladder->stages ? lots[i] - sized : 0;
        for (i64 s = 0; s < ladder->stages; s++) from[s] = up(entry * PARTS + ladder->from[s] * risk, PARTS);
        i64 k = 0, stage = -1, trail = -FAR, peak = entry, j = bar[i];
        for (; j < bars; j++) {
            i64 open = o[j];
            if (open > peak) RAISE(open);
            if (open <= stop) { FILL(0, open, quantity); break; }
            if (IS_LIVE && open <= trail) { TRAIL(open); if (!quantity) break; }
            while (open >= level[k]) { FILL(101 + k, open, part[k]); k++; }
            if (!quantity) break;
            if (IS_LIVE && l[j] <= trail) { TRAIL(trail); if (!quantity) break; }
            if (l[j] <= stop) { FILL(0, stop, quantity); break; }
            while (h[j] >= level[k]) { FILL(101 + k, level[k], part[k]); k++; }
            if (!quantity) break;
            if (h[j] > peak) {
                RAISE(h[j]);
                if (IS_LIVE && c[j] <= trail) { TRAIL(trail); if (!quantity) break; }
            }
        }
        if (quantity) { j = bars - 1; FILL(5, c[j], quantity); }
        last = j;
    }
    return at;
}

/* Per ladder: positions, fills, ticks x lots made, bars held. `scratch` holds the fills of one ladder. */
void sweep(const i64 *o, const i64 *h, const i64 *l, const i64 *c, i64 bars, const i64 *bar, const i64 *price,
           const i64 *stops, const i64 *lots, i64 count, const Ladder *ladders, i64 profiles, i64 single, i64 *scratch,
           i64 *sums)
{
    for (i64 p = 0; p < profiles; p++) {
        i64 fills = follow(o, h, l, c, bars, bar, price, stops, lots, count, ladders + p, single, scratch);
        i64 positions = 0, made = 0, held = 0;
        for (i64 f = 0; f < fills; f++) {
            const i64 *row = scratch + 5 * f;
            made += (row[3] - price[row[0]]) * row[4];
            if (f + 1 == fills || row[5] != row[0]) { positions++; held += row[1] - bar[row[0]]; }
        }
        i64 *sum = sums + 4 * p;
        sum[0] = positions; sum[1] = fills; sum[2] = made; sum[3] = held;
    }
}

/* One read of the candles. */
i64 read_once(const i64 *restrict o, const i64 *restrict h, const i64 *restrict l, const i64 *restrict c, i64 bars)
{
    i64 sum = 0;
    for (i64 j = 0; j < bars; j++) sum += o[j] ^ h[j] ^ l[j] ^ c[j];
    return sum;
}
