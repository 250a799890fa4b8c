import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Controller, Get, Inject, Param, Res, type Type } from '@nestjs/common';
import { Public } from '../access/access.guard.js';
import { Problem } from '../http/problem.js';
import type { Response } from '../http/request-types.js';
import { Describes } from './describes.js';
import { openApiDocument } from './openapi-document.js';
import { routesOf } from './routes.js';

/** Injection token of all controllers, for the document that describes them. */
export const CONTROLLERS = Symbol('gateway.controllers');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Rackwright API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;
const START = `window.ui = SwaggerUIBundle({ url: new URL('openapi.json', location.href).pathname, dom_id: '#swagger-ui' });\n`;
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/** Only these files of the page's package are served. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
};

/** The description of this API, for programs and for people; the page needs nothing from outside. */
@Controller('api/v1')
export class OpenApiController {
  private document: string | undefined;

  constructor(@Inject(CONTROLLERS) private readonly controllers: readonly Type[]) {}

  @Get('openapi.json')
  @Public()
  @Describes({ id: 'openApi', tag: 'Status', summary: 'This description', resultType: 'application/json' })
  openApi(@Res() response: Response): void {
    this.document ??= JSON.stringify(openApiDocument(routesOf(this.controllers)));
    response.type('application/json').send(this.document);
  }

  @Get('docs')
  @Public()
  @Describes({ id: 'openApiPage', tag: 'Status', summary: 'This description as a page', resultType: 'text/html' })
  page(@Res() response: Response): void {
    response.set('Content-Security-Policy', PAGE_POLICY).type('text/html').send(PAGE);
  }

  @Get('docs/:file')
  @Public()
  @Describes({
    id: 'openApiPageFile',
    tag: 'Status',
    summary: 'Script and style of the page',
    resultType: 'text/plain',
    problems: [404],
  })
  file(@Param('file') file: string, @Res() response: Response): void {
    if (file === 'start.js') return void response.type('text/javascript').send(START);
    const type = FILES[file];
    const path = type === undefined ? undefined : fileOf(file);
    if (type === undefined || path === undefined) throw new Problem(404, 'unknown-route', `there is no docs/${file}`);
    response.set('Cache-Control', 'public, max-age=3600').type(type).send(readFileSync(path));
  }
}

function fileOf(file: string): string | undefined {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const path = join(folder, file);
  return existsSync(path) ? path : undefined;
}
