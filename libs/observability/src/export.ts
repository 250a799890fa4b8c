import { readExportConfig, type ExportConfig } from './observability.config.js';
import { setSpanRecorder } from './tracing.js';

/** Ends the export: what is still buffered is sent, within `withinMs`. */
export interface ExportHandle {
  stop(withinMs?: number): Promise<void>;
}

/**
 * Starts sending spans to the OTLP endpoint in `OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`); undefined, with
 * nothing loaded, when neither is set. The SDK is imported here and nowhere else, and only then.
 */
export async function startExport(
  service: { readonly name: string; readonly version: string },
  config: ExportConfig = readExportConfig(),
): Promise<ExportHandle | undefined> {
  const url = config.tracesEndpoint ?? (config.endpoint && `${config.endpoint.replace(/\/$/, '')}/v1/traces`);
  if (!url) return undefined;
  const { OtelRecorder } = await import('./otel-recorder.js');
  const recorder = OtelRecorder.start(service, url);
  setSpanRecorder(recorder);
  return {
    stop: async (withinMs = 1_000) => {
      setSpanRecorder(undefined);
      await recorder.stop(withinMs);
    },
  };
}
