/** Standard OpenTelemetry variables (specification, "OTLP exporter configuration"); unset means no exporter. */
export interface ExportConfig {
  readonly endpoint: string | undefined;
  readonly tracesEndpoint: string | undefined;
  readonly logLevel: string | undefined;
}

export function readExportConfig(environment: NodeJS.ProcessEnv = process.env): ExportConfig {
  return {
    endpoint: environment['OTEL_EXPORTER_OTLP_ENDPOINT'] || undefined,
    tracesEndpoint: environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || undefined,
    logLevel: environment['RACKWRIGHT_LOG_LEVEL'] || undefined,
  };
}
