import { describe, expect, it } from '@jest/globals';
import { COLOURED, PLAIN, plain } from './style.js';
import { renderTable, type Column } from './table.js';
import { ageText, durationText, parseDuration } from './duration.js';

interface Row {
  readonly name: string;
  readonly note?: string;
}
const COLUMNS: readonly Column<Row>[] = [
  { title: 'name', of: ({ name }) => name, style: (_row, style) => style.good },
  { title: 'note', of: ({ note }) => note },
];
const ROWS: readonly Row[] = [{ name: 'blade-1', note: 'a long note that does not fit' }, { name: 'b' }];

describe('a table', () => {
  it('has aligned columns and a header for people', () => {
    expect(renderTable(COLUMNS, ROWS, { forPeople: true, width: 80, style: PLAIN })).toBe(
      'NAME     NOTE\nblade-1  a long note that does not fit\nb        -\n',
    );
  });

  it('takes room from its widest column when the line is too long', () => {
    const text = renderTable(COLUMNS, ROWS, { forPeople: true, width: 22, style: PLAIN });
    expect(text).toBe('NAME     NOTE\nblade-1  a long note …\nb        -\n');
  });

  it('is tab-separated, whole and without header or colour for a pipe', () => {
    const text = renderTable(COLUMNS, ROWS, { forPeople: false, width: 10, style: COLOURED });
    expect(text).toBe('blade-1\ta long note that does not fit\nb\t\n');
  });

  it('colours words, not the spaces between', () => {
    const text = renderTable(COLUMNS, [{ name: 'x', note: 'y' }], {
      forPeople: true,
      header: false,
      width: 80,
      style: COLOURED,
    });
    expect(text).toBe('\u001b[32mx\u001b[0m     y\n');
  });

  it('does not let a device steer the terminal', () => {
    expect(plain('ok\u001b[2J\u009b1A\u202edone\nnext')).toBe('ok?[2J?1A?done next');
    expect(renderTable(COLUMNS, [{ name: 'a\tb\nc' }], { forPeople: false, width: 80, style: PLAIN })).toBe(
      'a b c\t\n',
    );
  });
});

describe('durations', () => {
  it('are told in the unit people would choose', () => {
    expect([850, 4200, 185_000, 7_800_000].map(durationText)).toEqual(['850 ms', '4.2 s', '3 min 05 s', '2 h 10 min']);
  });

  it('are read with and without a unit', () => {
    expect(['90', '90s', '10m', '2h', '500ms', '1.5m', 'soon', '-1'].map(parseDuration)).toEqual([
      90_000,
      90_000,
      600_000,
      7_200_000,
      500,
      90_000,
      undefined,
      undefined,
    ]);
  });

  it('tell an age, and nothing when there is no time', () => {
    const now = new Date('2026-01-01T08:00:00Z');
    expect(
      ['2026-01-01T07:59:48Z', '2026-01-01T07:50:00Z', '2025-12-30T08:00:00Z', undefined].map((at) => ageText(at, now)),
    ).toEqual(['12 s', '10 min', '2 d', '']);
  });
});
