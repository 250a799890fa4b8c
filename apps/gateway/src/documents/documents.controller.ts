import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { asDocument, KINDS, renderDocuments, type Kind, type RackDocument } from '@rackwright/documents';
import { z } from 'zod';
import { RequiresRole } from '../access/access.guard.js';
import { callerOf } from '../http/caller-of.js';
import { checked } from '../http/checked.js';
import { Problem } from '../http/problem.js';
import type { GatewayRequest, Response } from '../http/request-types.js';
import { Describes } from '../openapi/describes.js';
import { ApplyDocumentsService } from './apply-documents.service.js';
import type { Existing } from './existing.policy.js';
import { PlanDocumentsService } from './plan-documents.service.js';
import { WorldService } from './world.service.js';

const fieldChange = z.strictObject({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() });
const problem = z.strictObject({
  path: z.string(),
  code: z.string(),
  message: z.string(),
  line: z.int().optional(),
  column: z.int().optional(),
});
const change = z.strictObject({
  kind: z.string(),
  name: z.string(),
  action: z.enum(['create', 'update', 'unchanged', 'error']),
  diff: z.array(fieldChange),
  problems: z.array(problem),
});
const applied = change.extend({
  action: z.enum(['create', 'update', 'unchanged', 'error', 'skipped']),
  runId: z.string().optional(),
});
const exportQuery = z.strictObject({ kind: z.enum(KINDS as readonly [Kind, ...Kind[]]).optional() });

/** Documents: what should be, as people write it. */
@Controller('api/v1/documents')
export class DocumentsController {
  constructor(
    private readonly planner: PlanDocumentsService,
    private readonly applier: ApplyDocumentsService,
    private readonly world: WorldService,
  ) {}

  @Post('plan')
  @HttpCode(200)
  @RequiresRole('operator')
  @Describes({
    id: 'planDocuments',
    tag: 'Documents',
    summary: 'Says what documents would change; changes nothing',
    description: 'A document that is not right has the action `error` and its problems, with line and column.',
    takesDocuments: true,
    result: z.strictObject({ changes: z.array(change) }),
    problems: [413, 415, 422],
  })
  async plan(@Req() request: GatewayRequest) {
    const changes = await this.planner.plan(textOf(request));
    return {
      changes: changes.map(({ kind, name, action, diff, problems }) => ({ kind, name, action, diff, problems })),
    };
  }

  @Post('apply')
  @HttpCode(200)
  @RequiresRole('operator')
  @Describes({
    id: 'applyDocuments',
    tag: 'Documents',
    summary: 'Puts documents into effect',
    description:
      'All documents are judged first: when one is bad the answer is 422 and nothing was changed. Then they are applied in dependency order. Applying the same documents again changes nothing. When an owner refuses one nevertheless, the answer is 409 with `results`; what came before it stands.',
    takesDocuments: true,
    result: z.strictObject({ results: z.array(applied) }),
    problems: [409, 413, 415, 422],
  })
  async apply(@Req() request: GatewayRequest) {
    return { results: await this.applier.apply(textOf(request), callerOf(request).actor) };
  }

  @Get()
  @RequiresRole('viewer')
  @Describes({
    id: 'exportDocuments',
    tag: 'Documents',
    summary: 'What is defined, as YAML documents; passwords never',
    query: exportQuery,
    resultType: 'application/yaml',
    problems: [422],
  })
  async export(@Query() query: unknown, @Res() response: Response): Promise<void> {
    const { kind } = checked(exportQuery, query);
    const world = await this.world.read(kind === undefined ? KINDS : [kind]);
    const items = [...world.values()];
    const documents = items.map(documentOf);
    const untold = items.filter((_item, index) => documents[index] === undefined);
    const notes = untold.map((item) => `# ${item.kind} ${item.name}: no document describes it yet\n`).join('');
    const text = renderDocuments(documents.filter((document) => document !== undefined));
    response.type('application/yaml').send(notes + text);
  }
}

function documentOf({ kind, name, group, spec }: Existing): RackDocument | undefined {
  const known = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
  const metadata = { name, ...(group !== undefined && { group }) };
  return asDocument({ apiVersion: 'rackwright/v1', kind, metadata, spec: known } as never);
}

function textOf({ rawText }: GatewayRequest): string {
  if (rawText === undefined || rawText.trim() === '')
    throw new Problem(422, 'invalid-documents', 'the request has no documents in its body');
  return rawText;
}
