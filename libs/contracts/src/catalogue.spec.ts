import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { CATALOGUE } from './catalogue.js';
import { subjectOf } from './subjects.js';

describe('the message catalogue', () => {
  it('gives every message a subject of its own', () => {
    const subjects = CATALOGUE.map(subjectOf);
    expect(new Set(subjects).size).toBe(subjects.length);
    for (const subject of subjects) expect(subject).toMatch(/^rw\.(cmd|qry|evt)\.[a-z-]+\.[a-z-]+\.v\d+$/);
  });

  it('can describe every message as JSON Schema', () => {
    for (const definition of CATALOGUE) {
      const schemas = definition.kind === 'event' ? [definition.data] : [definition.input, definition.result];
      for (const schema of schemas) expect(() => z.toJSONSchema(schema, { io: 'input' })).not.toThrow();
    }
  });

  it('names commands as imperatives of two words or more and documents each refusal', () => {
    for (const definition of CATALOGUE) {
      if (definition.kind !== 'command') continue;
      expect(definition.name).toMatch(/^[a-z]+(-[a-z]+)+$/);
      expect(definition.summary.length).toBeGreaterThan(10);
      for (const [code, meaning] of Object.entries(definition.refusals)) {
        expect(code).toMatch(/^[a-z]+(-[a-z]+)+$/);
        expect(meaning.length).toBeGreaterThan(5);
      }
    }
  });
});
