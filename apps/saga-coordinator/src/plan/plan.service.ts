import { Inject, Injectable } from '@nestjs/common';
import type { coordinator, InputOf } from '@rackwright/contracts';
import { AppError, IdFactory, type Clock } from '@rackwright/kernel';
import { CLOCK } from '@rackwright/service-host';
import { RunStore } from '../run/run.store.js';
import { SAGA_BOOK, type SagaBook } from '../saga-book.js';
import { associationChanges, rebootsOf, undoOf, type MoveFacts } from './association-changes.policy.js';
import { NO_CANDIDATE, chooseServer, noCandidateProblem, type Choice } from './choose-server.policy.js';
import { definitionChanges, deletionChanges } from './definition-changes.policy.js';
import { PlanStore, type PlanContents, type PlanRow } from './plan.store.js';
import { PlanWorld, sagaFactsOf, type Grounds } from './plan-world.js';

type PlanRequest = coordinator.PlanRequest;
type PlanView = coordinator.PlanView;

const GOOD_FOR_MS = 15 * 60_000;

interface Draft {
  readonly request: PlanRequest;
  readonly choice: Choice | undefined;
  readonly grounds: Grounds;
  readonly profileId: string | undefined;
  readonly actor: string;
}

/** Computes plans: what will change where, why there, and whether it can run at all. */
@Injectable()
export class PlanService {
  constructor(
    private readonly plans: PlanStore,
    private readonly runs: RunStore,
    private readonly world: PlanWorld,
    @Inject(SAGA_BOOK) private readonly book: SagaBook,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly ids: IdFactory,
  ) {}

  async create({ request, actor }: InputOf<typeof coordinator.createPlan>): Promise<PlanView> {
    const choice = await this.choose(request);
    const resolved =
      choice?.serverId === undefined ? request : ({ ...request, serverId: choice.serverId } as PlanRequest);
    const grounds: Grounds =
      choice !== undefined && choice.serverId === undefined
        ? { worldMark: NO_CANDIDATE, problems: [noCandidateProblem(choice)] }
        : await this.world.grounds(resolved);
    const profileId = this.profileIdOf(resolved, grounds);
    const contents = await this.contents({ request: resolved, choice, grounds, profileId, actor });
    const now = this.clock.now();
    const row: PlanRow = {
      id: this.ids.newId('plan'),
      actor,
      request,
      resolved,
      profile_id: profileId ?? null,
      contents,
      world_mark: grounds.worldMark,
      created_at: now,
      expires_at: new Date(now.getTime() + GOOD_FOR_MS),
      run_id: null,
    };
    await this.plans.add(row);
    return this.viewOf(row);
  }

  async get(planId: string): Promise<PlanView> {
    const row = await this.plans.find(planId);
    if (!row) throw new AppError('saga-coordinator.unknown-plan', `there is no plan ${planId}`);
    return this.viewOf(row);
  }

  /** Which server a profile is to land on, for requests that put it somewhere. */
  private async choose(request: PlanRequest): Promise<Choice | undefined> {
    if (request.kind !== 'associate' && request.kind !== 'migrate') return undefined;
    const where = request.pool === undefined || request.serverId !== undefined ? {} : { pool: request.pool };
    return chooseServer(await this.world.place(request.profileId, where), request.serverId);
  }

  private profileIdOf(request: PlanRequest, { preview, profile }: Grounds): string | undefined {
    if (request.kind === 'fence') return preview?.profile?.id;
    if (request.kind !== 'define-profile') return request.profileId;
    return request.profileId ?? profile?.id ?? this.ids.newId('profile');
  }

  private async contents(draft: Draft): Promise<PlanContents> {
    const { request, choice, grounds } = draft;
    const isBlocked = grounds.problems.length > 0;
    const planned = isBlocked ? undefined : this.sagaOf(draft);
    const expectedMs = planned && (await this.runs.expectedMs(planned.definition.name));
    const { preview } = grounds;
    const facts = isBlocked ? undefined : await this.facts(draft);
    return {
      title: planned?.title ?? (await this.plainTitle(draft)),
      ...(preview?.source && { source: preview.source.name }),
      ...(preview?.target ? { target: preview.target.name } : choice?.server && { target: choice.server }),
      why: choice ? [...choice.why] : [],
      changes: isBlocked ? [] : changesOf(draft, facts),
      reboots: facts ? rebootsOf(facts) : [],
      undo: undoOf(request),
      ...(expectedMs !== undefined && { expectedMs }),
      blockedBy: [...grounds.problems],
    };
  }

  private sagaOf({ request, grounds, profileId, actor }: Draft) {
    return this.book.sagaFor(request, sagaFactsOf(request, grounds, { profileId, actor }));
  }

  private async facts({ request, grounds, profileId }: Draft): Promise<MoveFacts | undefined> {
    const { preview } = grounds;
    if (!preview || request.kind === 'define-profile' || request.kind === 'delete-profile') return undefined;
    if (profileId === undefined) return { request, preview, vnics: [], storage: undefined, access: NO_ACCESS };
    const [profile, vnics] = await Promise.all([this.world.profile(profileId), this.world.vnics(profileId)]);
    return { request, preview, vnics, ...(await this.world.storage(profile)) };
  }

  /** The title of a plan that no saga was made for. */
  private async plainTitle({ request, grounds, choice }: Draft): Promise<string> {
    if (request.kind === 'define-profile') return `define ${request.definition.name}`;
    if (request.kind === 'fence') return `fence ${grounds.preview?.source?.name ?? request.serverId}`;
    const known = grounds.preview?.profile?.name ?? grounds.profile?.definition.name;
    const profile = known ?? (await this.nameOf(request.profileId));
    if (request.kind === 'delete-profile') return `delete ${profile}`;
    const target = grounds.preview?.target?.name ?? choice?.server;
    return `${request.kind} ${profile}${target === undefined ? '' : ` to ${target}`}`;
  }

  private async nameOf(profileId: string): Promise<string> {
    return this.world.profile(profileId).then(
      ({ definition }) => definition.name,
      () => profileId,
    );
  }

  private viewOf(row: PlanRow): PlanView {
    return {
      id: row.id,
      request: row.request,
      state: this.stateOf(row),
      ...row.contents,
      worldMark: row.world_mark,
      createdAt: row.created_at.toISOString(),
      expiresAt: row.expires_at.toISOString(),
      ...(row.run_id !== null && { runId: row.run_id as never }),
    };
  }

  private stateOf(row: PlanRow): PlanView['state'] {
    if (row.run_id !== null) return 'executed';
    if (row.contents.blockedBy.length > 0) return 'blocked';
    return this.clock.now() >= row.expires_at ? 'expired' : 'ready';
  }
}

const NO_ACCESS = { zones: [], masks: [] };

function changesOf({ request, grounds }: Draft, facts: MoveFacts | undefined): PlanContents['changes'] {
  if (request.kind === 'define-profile') return definitionChanges(request.definition, grounds.profile);
  if (request.kind === 'delete-profile') return deletionChanges(grounds.profile);
  return facts ? associationChanges(facts) : [];
}
