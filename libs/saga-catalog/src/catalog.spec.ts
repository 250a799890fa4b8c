import { describe, expect, it } from '@jest/globals';
import { storageIdentity as storage } from '@rackwright/contracts';
import type { SagaDefinition, StepDefinition } from '@rackwright/saga';
import { associateProfile, CATALOG, disassociateProfile, migrateProfile } from './index.js';

const erased = (definition: unknown): SagaDefinition => definition as SagaDefinition;
const stagesOf = (definition: unknown): readonly (readonly StepDefinition[])[] => erased(definition).stages;
const stageOf = (definition: unknown, step: string): number =>
  stagesOf(definition).findIndex((stage) => stage.some(({ name }) => name === step));
const everyStep = (definition: SagaDefinition): StepDefinition[] =>
  [...definition.stages, ...(definition.turn?.stages ?? []), ...(definition.abandon ?? [])].flat();

/** Steps whose truth is a reading: nobody may vouch for them. */
const PROVEN = /^(back-|abandon-)?(raise-(network|storage|power)|stop|close|clear|end-sessions|check|recheck|prove)/;

describe('the sagas', () => {
  it.each(CATALOG.map((definition) => [definition.name, definition] as const))(
    '%s lets no person vouch for a fence, a cut or a recheck',
    (_name, definition) => {
      const steps = everyStep(definition).filter(
        ({ name, command }) => PROVEN.test(name) && command.service !== 'inventory',
      );
      for (const step of steps)
        expect({ step: step.name, noMarkDone: step.noMarkDone }).toEqual({ step: step.name, noMarkDone: true });
    },
  );

  it('move a profile without a single change of zones or masks, forwards and back', () => {
    const changing = [storage.ensureZones, storage.removeZones, storage.ensureMasks, storage.removeMasks].map(
      ({ name }) => name,
    );
    expect(everyStep(erased(migrateProfile)).filter(({ command }) => changing.includes(command.name))).toEqual([]);
  });

  it('programme a target only after the source is stopped, cut, cleared and shown to have no session', () => {
    const order = [
      'stop-source',
      'close-source-lan',
      'clear-source',
      'end-sessions',
      'note-holder',
      'programme',
      'recheck-locks',
      'open-lan',
      'power-on',
      'verify-boot',
      'commit',
      'release',
    ];
    const stages = order.map((step) => stageOf(migrateProfile, step));
    expect(stages).toEqual([...stages].sort((left, right) => left - right));
    expect(new Set(stages).size).toBe(order.length);
    expect(stages).not.toContain(-1);
  });

  it('note the holder before the first programming command, and open the ports only right after everything was read again', () => {
    for (const saga of [associateProfile, migrateProfile]) {
      expect(stageOf(saga, 'note-holder')).toBe(stageOf(saga, 'programme') - 1);
      const rechecks = stagesOf(saga)[stageOf(saga, 'open-lan') - 1]?.map(({ name }) => name);
      for (const step of [
        'recheck-locks',
        'recheck-identity',
        'recheck-lan',
        'recheck-san',
        'recheck-access',
        'recheck-sessions',
      ])
        expect(rechecks).toContain(step);
    }
  });

  it('raise the epochs again before going back', () => {
    for (const saga of [associateProfile, migrateProfile])
      expect(erased(saga).turn?.stages[0]?.map(({ name }) => name)).toEqual(['raise-again']);
  });

  it('take zones away only when no session is left', () => {
    expect(stageOf(disassociateProfile, 'unzone')).toBeGreaterThan(stageOf(disassociateProfile, 'end-sessions'));
  });

  it('make zones in one fabric after the other', () => {
    const zone = stagesOf(associateProfile)[stageOf(associateProfile, 'zone')]?.[0];
    expect(zone?.atMost?.({} as never)).toBe(1);
  });
});
