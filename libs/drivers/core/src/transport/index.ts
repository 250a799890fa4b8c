/** How drivers reach devices: gated sends, deadlines, certificates judged before credentials, capped answers, tools. */
export * from './child-process.js';
export * from './gated-send.js';
export * from './hostile-json.js';
export * from './pinned-tls.js';
export * from './pinned-transport.js';
