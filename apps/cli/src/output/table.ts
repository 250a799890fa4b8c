import { plain, type Style } from './style.js';

/** One column: what it shows of a row, and how it is coloured. */
export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => unknown;
  readonly style?: (row: Row, style: Style) => (text: string) => string;
}

export interface TableOptions {
  /** People see a header and aligned columns; a program sees tab-separated values, whole, without header. */
  readonly forPeople: boolean;
  readonly header?: boolean;
  readonly width: number;
  readonly style: Style;
}

const GAP = 2;
const NARROWEST = 8;

/** Lines of a table. For people columns are padded, and the widest ones give way when the line is too long. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], options: TableOptions): string {
  const cells = rows.map((row) => columns.map((column) => plain(column.of(row))));
  if (!options.forPeople) return lines(cells.map((line) => line.join('\t')));
  const shown = cells.map((line) => line.map((text) => text || '-'));
  const titles = columns.map((column) => column.title.toUpperCase());
  const widths = fit(
    columns.map((_, at) => Math.max(titles[at]?.length ?? 0, ...shown.map((line) => line[at]?.length ?? 0))),
    options.width,
  );
  const header = options.header === false ? [] : [titles.map((title, at) => cell(title, widths[at] ?? 0)).join('')];
  const body = shown.map((line, y) =>
    line
      .map((text, at) => {
        const paint = columns[at]?.style?.(rows[y] as Row, options.style) ?? ((same: string) => same);
        return paintWord(cell(text, widths[at] ?? 0), paint);
      })
      .join(''),
  );
  return lines([...header.map((line) => options.style.faint(line.trimEnd())), ...body.map((line) => line.trimEnd())]);
}

function cell(text: string, width: number): string {
  const cut = text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text;
  return cut.padEnd(width + GAP);
}

/** Colours the word, not the spaces after it. */
function paintWord(padded: string, paint: (text: string) => string): string {
  const word = padded.trimEnd();
  return `${paint(word)}${padded.slice(word.length)}`;
}

function fit(wanted: readonly number[], width: number): number[] {
  const widths = [...wanted];
  const total = (): number => widths.reduce((sum, each) => sum + each + GAP, -GAP);
  while (total() > width) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
