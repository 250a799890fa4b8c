import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { z } from 'zod';
import { checked } from '../http/checked.js';
import { listOf } from '../http/pages.js';
import type { GatewayRequest } from '../http/request-types.js';
import { callerOf } from '../http/caller-of.js';
import { Describes } from '../openapi/describes.js';
import { Public, RequiresRole } from './access.guard.js';
import { AccessService } from './access.service.js';
import { ROLES } from './roles.js';

const role = z.enum(ROLES);
const credentials = z.strictObject({ username: z.string().min(1).max(64), password: z.string().min(1).max(500) });
const user = z.strictObject({ name: z.string(), role });
const session = z.strictObject({ token: z.string(), expiresAt: z.iso.datetime(), user });
const me = user.extend({ kind: z.enum(['user', 'token']), expiresAt: z.iso.datetime().optional() });
const newToken = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits, dots and dashes'),
  role,
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});
const tokenView = z.strictObject({
  id: z.string(),
  name: z.string(),
  role,
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
});

/** Signing in and out, and tokens for programs. */
@Controller('api/v1')
export class AccessController {
  constructor(private readonly access: AccessService) {}

  @Post('sessions')
  @Public()
  @Describes({
    id: 'signIn',
    tag: 'Access',
    summary: 'Signs in',
    description: 'After five wrong passwords each further attempt has to wait longer; Retry-After says how long.',
    body: credentials,
    result: session,
    status: 201,
    problems: [401, 422, 429],
  })
  signIn(@Body() body: unknown, @Req() request: GatewayRequest) {
    const { username, password } = checked(credentials, body);
    return this.access.signIn(username, password, request.socket.remoteAddress ?? 'unknown');
  }

  @Delete('sessions/current')
  @HttpCode(204)
  @RequiresRole('viewer')
  @Describes({ id: 'signOut', tag: 'Access', summary: 'Ends the session of the token that was sent', status: 204 })
  async signOut(@Req() request: GatewayRequest): Promise<void> {
    await this.access.signOut(callerOf(request).tokenHash);
  }

  @Get('me')
  @RequiresRole('viewer')
  @Describes({ id: 'me', tag: 'Access', summary: 'Who the caller is', result: me })
  me(@Req() request: GatewayRequest) {
    const { name, role: has, kind, expiresAt } = callerOf(request);
    return { name, role: has, kind, ...(expiresAt && { expiresAt: expiresAt.toISOString() }) };
  }

  @Post('tokens')
  @RequiresRole('administrator')
  @Describes({
    id: 'createToken',
    tag: 'Access',
    summary: 'Makes a token for a program; it is shown only now',
    body: newToken,
    result: tokenView.extend({ token: z.string() }),
    status: 201,
    problems: [409, 422],
  })
  createToken(@Body() body: unknown, @Req() request: GatewayRequest) {
    return this.access.makeToken(checked(newToken, body), callerOf(request).actor);
  }

  @Get('tokens')
  @RequiresRole('administrator')
  @Describes({ id: 'listTokens', tag: 'Access', summary: 'Tokens, without their secrets', result: listOf(tokenView) })
  async listTokens() {
    const items = await this.access.listTokens();
    return { items, total: items.length };
  }

  @Delete('tokens/:id')
  @HttpCode(204)
  @RequiresRole('administrator')
  @Describes({ id: 'deleteToken', tag: 'Access', summary: 'Revokes a token at once', status: 204, problems: [404] })
  async deleteToken(@Param('id') id: string): Promise<void> {
    await this.access.deleteToken(id);
  }
}
