import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { captureNames, discoverCapture, type CaptureFindings } from './capture-facts.js';
import { renderCaptureTable } from './capture-table.js';

/** Writes the golden facts and the reference table anew. Called by tools/captures/generate-redfish-captures.mjs. */
export async function generate(root: string): Promise<void> {
  const captures = join(root, 'test/data/redfish');
  const all: CaptureFindings[] = [];
  mkdirSync(join(captures, 'golden'), { recursive: true });
  mkdirSync(join(root, 'docs/reference/generated'), { recursive: true });
  for (const capture of captureNames(captures)) {
    const findings = await discoverCapture(captures, capture);
    all.push(findings);
    writeFileSync(join(captures, 'golden', `${capture}.json`), `${JSON.stringify(findings, null, 2)}\n`);
  }
  writeFileSync(join(root, 'docs/reference/generated/redfish-captures.md'), renderCaptureTable(all));
}
