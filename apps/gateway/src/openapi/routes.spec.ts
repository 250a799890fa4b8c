import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { reaches, ROLES } from '../access/roles.js';
import { GATEWAY_CONTROLLERS } from '../gateway.module.js';
import { generate } from './openapi.generator.js';
import { routesOf } from './routes.js';

const ROUTES = routesOf(GATEWAY_CONTROLLERS);

describe('the routes of the API', () => {
  it('all say who may come, and are all described', () => {
    expect(ROUTES.filter(({ access }) => access === undefined)).toEqual([]);
    expect(ROUTES.filter(({ description }) => description === undefined)).toEqual([]);
    expect(ROUTES.length).toBeGreaterThan(40);
  });

  it('are noticed when they do not say who may come', () => {
    @Controller('api/v1')
    class Forgetful {
      @Get('secrets')
      secrets() {
        return [];
      }
    }
    expect(routesOf([Forgetful])).toMatchObject([{ path: '/api/v1/secrets', access: undefined }]);
  });

  it('are public only where that is meant', () => {
    const open = ROUTES.filter(({ access }) => access === 'public').map(({ path }) => path);
    expect(open.sort()).toEqual([
      '/api/v1/docs',
      '/api/v1/docs/{file}',
      '/api/v1/healthz',
      '/api/v1/openapi.json',
      '/api/v1/sessions',
    ]);
  });

  it('change nothing for a viewer', () => {
    const changing = ROUTES.filter(({ method, access }) => method !== 'get' && access === 'viewer');
    expect(changing.map(({ path }) => path)).toEqual(['/api/v1/sessions/current']);
  });

  it('make one document that can be written to a file', () => {
    const [[path, text] = ['', '']] = Object.entries(generate());
    expect(path).toBe('docs/reference/generated/openapi.json');
    expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.0' });
    expect(generate()[path]).toBe(text);
  });
});

it('each role may do what the ones before it may', () => {
  expect(ROLES.map((has) => ROLES.filter((needs) => reaches(has, needs)).length)).toEqual([1, 2, 3, 4]);
});
