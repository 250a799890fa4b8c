import { Injectable } from '@nestjs/common';
import { profileId, type coordinator } from '@rackwright/contracts';
import { sealCredential, type PlainCredential } from '@rackwright/device-registry';
import type { RackDocument } from '@rackwright/documents';
import { Asker } from '../asking/asker.service.js';
import { Problem } from '../http/problem.js';
import { RunsService } from '../runs/runs.service.js';
import { definitionOf, PUT_COMMANDS, putInput, SEALING_KEYS, type PutKind } from './commands.js';
import { PlanDocumentsService, type ChangeAction, type DocumentChange } from './plan-documents.service.js';
import { WorldService } from './world.service.js';

/** A profile's identities are reserved within this time, or its run is left to itself. */
const RUN_WITHIN_MS = 120_000;
/** Runs side by side: enough to hide their waiting, few enough for the coordinator to stay fair to others. */
const RUNS_AT_ONCE = 8;

type ProfileDocument = Extract<RackDocument, { kind: 'ServerProfile' }>;

/** What became of one document. */
export interface ApplyResult {
  readonly kind: string;
  readonly name: string;
  readonly action: ChangeAction | 'skipped';
  readonly diff: DocumentChange['diff'];
  readonly problems: DocumentChange['problems'];
  readonly runId?: string;
}

/** Puts documents into effect: all are judged first, then each goes through its owner's command, in order. */
@Injectable()
export class ApplyDocumentsService {
  constructor(
    private readonly planner: PlanDocumentsService,
    private readonly world: WorldService,
    private readonly asker: Asker,
    private readonly runs: RunsService,
  ) {}

  /**
   * Applying the same text again changes nothing.
   *
   * @throws Problem 422 when any document is bad: then nothing was changed. 409 when an owner refused what looked
   * right; `results` says how far it went, and the same text can be applied again.
   */
  async apply(text: string, actor: string): Promise<ApplyResult[]> {
    const changes = await this.planner.plan(text);
    if (changes.some(({ action }) => action === 'error')) throw invalid(changes);
    const results: ApplyResult[] = [];
    let failure: Problem | undefined;
    for (const change of changes.filter(({ kind }) => kind !== 'ServerProfile')) {
      if (failure !== undefined) {
        results.push(resultOf(change, 'skipped'));
        continue;
      }
      const [result, problem] = await this.caught(change, () => this.put(change, actor));
      results.push(result);
      failure = problem;
    }
    const profiles = changes.filter(({ kind }) => kind === 'ServerProfile');
    for (let next = 0; next < profiles.length; next += RUNS_AT_ONCE) {
      const some = profiles.slice(next, next + RUNS_AT_ONCE);
      if (failure !== undefined) {
        results.push(...some.map((change) => resultOf(change, 'skipped')));
        continue;
      }
      const done = await Promise.all(some.map((change) => this.caught(change, () => this.define(change, actor))));
      results.push(...done.map(([result]) => result));
      failure = done.find(([, problem]) => problem !== undefined)?.[1];
    }
    if (failure !== undefined) throw stopped(failure, results);
    return results;
  }

  /** A command is sent for unchanged devices too when the document has a credential: nobody can compare those. */
  private async put(change: DocumentChange, actor: string): Promise<ApplyResult> {
    const { document, action, existing } = change;
    if (document === undefined) return resultOf(change, 'error');
    const credential = (document.spec as { credential?: PlainCredential }).credential;
    if (action === 'unchanged' && credential === undefined) return resultOf(change, 'unchanged');
    const command = PUT_COMMANDS[document.kind as PutKind];
    const input = command.input.parse(putInput(document, await this.seal(document, credential)));
    const result = (await this.asker.command(command, input, { actor })) as { changed: boolean };
    await this.world.remember(document);
    if (!result.changed) return resultOf(change, 'unchanged');
    return resultOf(change, existing === undefined ? 'create' : 'update');
  }

  private async seal(document: RackDocument, credential: PlainCredential | undefined): Promise<string | undefined> {
    if (credential === undefined || !(document.kind in SEALING_KEYS)) return undefined;
    const { publicKey } = await this.asker.query(SEALING_KEYS[document.kind as keyof typeof SEALING_KEYS], {});
    return sealCredential(credential, publicKey);
  }

  private async define(change: DocumentChange, actor: string): Promise<ApplyResult> {
    if (change.action === 'unchanged') return resultOf(change, 'unchanged');
    const request: coordinator.PlanRequest = {
      kind: 'define-profile',
      definition: definitionOf(change.document as ProfileDocument),
      ...(change.existing?.id !== undefined && { profileId: profileId.parse(change.existing.id) }),
    };
    const plan = await this.runs.plan(request, actor);
    const [blocked] = plan.blockedBy;
    if (blocked !== undefined) throw Problem.ofRefusal(blocked.code, blocked.message);
    const { runId } = await this.runs.start(plan.id, { actor });
    const run = await this.runs.whenEnded(runId, RUN_WITHIN_MS);
    if (run.state === 'done') return { ...resultOf(change, change.action), runId };
    const code = run.state === 'undone' || run.state === 'stuck' ? `run-${run.state}` : 'run-not-ended';
    throw new Problem(409, code, run.reason ?? `run ${runId} is ${run.state}`, { extra: { runId } });
  }

  private async caught(
    change: DocumentChange,
    work: () => Promise<ApplyResult>,
  ): Promise<[ApplyResult, Problem | undefined]> {
    try {
      return [await work(), undefined];
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const problem = { path: '', code: error.code, message: error.detail };
      return [{ ...resultOf(change, 'error'), problems: [problem] }, error];
    }
  }
}

function resultOf({ kind, name, diff }: DocumentChange, action: ApplyResult['action']): ApplyResult {
  return { kind, name, action, diff: action === 'unchanged' ? [] : diff, problems: [] };
}

function invalid(changes: readonly DocumentChange[]): Problem {
  const errors = changes.flatMap(({ index, kind, name, problems }) =>
    problems.map(({ path, code, message, line, column }) => ({
      pointer: `/${index}${path}`,
      code,
      detail: `${kind} ${name}: ${message}`.replace(/^ *: /, ''),
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
    })),
  );
  const [first] = errors;
  const where = first?.line === undefined ? '' : ` (line ${first.line}, column ${first.column ?? 1})`;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
  return new Problem(422, 'invalid-documents', `${first?.detail ?? ''}${where}${more}`, { errors });
}

/** Something was refused on the way: what came before it stands, what came after was not tried. */
function stopped(failure: Problem, results: readonly ApplyResult[]): Problem {
  const status = failure.status >= 500 ? failure.status : 409;
  return new Problem(status, failure.code, failure.detail, {
    headers: failure.headers,
    errors: results.flatMap(({ kind, name, problems }) =>
      problems.map(({ code, message }) => ({ pointer: '', code, detail: `${kind} ${name}: ${message}` })),
    ),
    extra: { results },
  });
}
