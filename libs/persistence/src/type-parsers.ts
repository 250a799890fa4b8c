import pg from 'pg';

type Parser = (text: string) => unknown;

/** int8 as a number while it is exact, as a bigint beyond 2^53. */
function parseInt8(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** numeric as a number while no digit is lost (15 significant digits always fit a double), else as its text. */
function parseNumeric(text: string): number | string {
  const digits = text.replace(/^-?0*\.?0*/, '').replace('.', '');
  return /^-?\d+(\.\d+)?$/.test(text) && digits.length <= 15 ? Number(text) : text;
}

const parsers = new Map<number, Parser>([
  [pg.types.builtins.INT8, parseInt8],
  [pg.types.builtins.NUMERIC, parseNumeric],
  // A date has no time zone; the driver's default would make it local midnight and shift it by a day somewhere.
  [pg.types.builtins.DATE, (text) => text],
]);

/** int8[] has no built-in name in the driver (OID 1016 in pg_type.dat). */
const INT8_ARRAY = 1016;
const TEXT_ARRAY = 1009 as typeof pg.types.builtins.TEXT;
const parseTextArray = pg.types.getTypeParser(TEXT_ARRAY) as (text: string) => (string | null)[];
parsers.set(INT8_ARRAY, (text) => parseTextArray(text).map((item) => (item === null ? null : parseInt8(item))));

/**
 * Type parsers of our connections only: the driver's global table stays as it is for anybody else in the process.
 * timestamptz becomes a Date and jsonb a parsed value by the driver's own defaults.
 */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    const own = format === 'binary' ? undefined : parsers.get(oid);
    return own ?? (pg.types.getTypeParser(oid, format as 'text') as Parser);
  }) as pg.CustomTypesConfig['getTypeParser'],
};
