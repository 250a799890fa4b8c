import { AppError } from '@rackwright/kernel';

import { forwardOnlyStageOf, turnStageOf, type SagaDefinition, type Stage, type StepDefinition } from './definition.js';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

function nameFaults(definition: SagaDefinition, steps: readonly StepDefinition[]): string[] {
  const faults = [definition.name, ...steps.map((step) => step.name)]
    .filter((name) => !NAME.test(name))
    .map((name) => `"${name}" is not a kebab-case name`);
  const seen = new Set<string>();
  for (const { name } of steps) {
    if (seen.has(name)) faults.push(`two steps are called "${name}"`);
    seen.add(name);
  }
  if (!Number.isInteger(definition.version) || definition.version < 1) faults.push('the version must be 1 or more');
  if (definition.stages.length === 0) faults.push('a saga needs a step');
  return faults;
}

/** The undo of a step has to fit its place: a step in front of the point of no return must be able to come back. */
function undoFaults(definition: SagaDefinition): string[] {
  const turnStage = turnStageOf(definition);
  const forwardOnlyStage = forwardOnlyStageOf(definition);
  return definition.stages.flatMap((stage, index) =>
    stage.flatMap((step) => {
      const wanted = index >= forwardOnlyStage ? 'forward-only' : index >= turnStage ? 'turn' : 'plain';
      const given = step.undo.kind === 'command' || step.undo.kind === 'none' ? 'plain' : step.undo.kind;
      return wanted === given ? [] : [`the undo of "${step.name}" must be ${wanted}, not ${given}`];
    }),
  );
}

function turnFaults(definition: SagaDefinition): string[] {
  const { turn } = definition;
  if (turn === undefined) return [];
  const faults: string[] = [];
  const stage = turnStageOf(definition);
  if (stage < 0) faults.push(`the turn starts at "${turn.from}", which is no step`);
  if (stage >= forwardOnlyStageOf(definition)) faults.push('the turn starts after the point of no return');
  if (turn.stages.length === 0) faults.push('the turn has no step');
  const raises = definition.stages.flat().some((step) => step.raisesEpoch !== undefined);
  if (raises && !turn.stages[0]?.some((step) => step.raisesEpoch !== undefined)) {
    faults.push('a saga that raises its epoch must raise it again as the first step of its turn');
  }
  return faults;
}

function stepFaults(stages: readonly Stage[]): string[] {
  const names = stages.map((stage) => stage.map((step) => step.name));
  return stages.flatMap((stage, index) =>
    stage.flatMap((step) => {
      const faults: string[] = [];
      if (step.policy.retry.attempts < 1) faults.push(`"${step.name}" must be tried at least once`);
      if (step.raisesEpoch && (stage.length > 1 || step.forEach)) {
        // Outcomes of an older epoch are void: a neighbour in flight would lose its own.
        faults.push(`"${step.name}" raises the epoch and must stand alone in its stage`);
      }
      const target = step.retryFrom;
      if (target !== undefined && !names.slice(0, index + 1).some((earlier) => earlier.includes(target))) {
        faults.push(`"${step.name}" is retried from "${target}", which is no earlier step of its chain`);
      }
      return faults;
    }),
  );
}

/** Returns the definition, or throws `saga.invalid-definition` with everything that is wrong with it. */
export function checkDefinition<In>(definition: SagaDefinition<In>): SagaDefinition<In> {
  const chains = [definition.stages, definition.turn?.stages ?? [], definition.abandon ?? []];
  const faults = [
    ...nameFaults(definition, chains.flat(2)),
    ...turnFaults(definition),
    ...undoFaults(definition),
    ...chains.flatMap(stepFaults),
  ];
  if (faults.length > 0) {
    throw new AppError('saga.invalid-definition', `saga ${definition.name} is not valid: ${faults.join('; ')}`, {
      details: { saga: definition.name, faults },
    });
  }
  return definition;
}
