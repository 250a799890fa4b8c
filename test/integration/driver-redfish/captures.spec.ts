import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { captureNames, discoverCapture, type CaptureFindings } from './capture-facts.js';
import { renderCaptureTable } from './capture-table.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const CAPTURES = join(ROOT, 'test/data/redfish');
const TABLE = join(ROOT, 'docs/reference/generated/redfish-captures.md');
const AGAIN = 'run: node tools/captures/generate-redfish-captures.mjs, then review the diff';

describe('Redfish driver on captures of real BMCs', () => {
  const found: CaptureFindings[] = [];

  it.each(captureNames(CAPTURES))(
    'finds in %s what was reviewed against the raw files',
    async (capture) => {
      const findings = await discoverCapture(CAPTURES, capture);
      found.push(findings);
      const golden = join(CAPTURES, 'golden', `${capture}.json`);
      expect({ golden: existsSync(golden), AGAIN }).toEqual({ golden: true, AGAIN });
      expect(findings).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
    },
    60_000,
  );

  it('keeps the reference table as it would be generated', () => {
    expect(found).toHaveLength(captureNames(CAPTURES).length);
    expect({ table: readFileSync(TABLE, 'utf8') === renderCaptureTable(found), AGAIN }).toEqual({ table: true, AGAIN });
  });
});
