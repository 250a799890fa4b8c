import { NO_CONTENT, notFound, type RedfishAnswer, type RedfishBody } from './redfish-answer.js';

interface RedfishTask {
  readonly id: string;
  readonly name: string;
  readonly doneMs: number;
  readonly final: RedfishAnswer;
  replayed: boolean;
}

const BASE = '/redfish/v1/TaskService';
const TASKS_MAX = 100;

/** Tasks and their monitors: 202 while running, then the final answer exactly once, then 404. */
export class RedfishTasks {
  private readonly tasks = new Map<string, RedfishTask>();
  private next = 1;

  constructor(private readonly now: () => number) {}

  /** Starts a task that is done after `durationMs`; the answer is what the client gets at once. */
  start(name: string, durationMs: number, final: RedfishAnswer = NO_CONTENT): RedfishAnswer {
    const id = String(this.next++);
    this.tasks.set(id, { id, name, doneMs: this.now() + durationMs, final, replayed: false });
    const oldest = this.tasks.keys().next().value;
    if (this.tasks.size > TASKS_MAX && oldest !== undefined) this.tasks.delete(oldest);
    return {
      status: 202,
      headers: { Location: `${BASE}/TaskMonitors/${id}`, 'Retry-After': '2' },
      body: this.view(id) ?? {},
    };
  }

  ids(): readonly string[] {
    return [...this.tasks.keys()];
  }

  view(id: string): RedfishBody | undefined {
    const task = this.tasks.get(id);
    if (!task) return undefined;
    const running = this.now() < task.doneMs;
    return {
      '@odata.id': `${BASE}/Tasks/${id}`,
      '@odata.type': '#Task.v1_7_4.Task',
      Id: id,
      Name: task.name,
      TaskState: running ? 'Running' : 'Completed',
      TaskStatus: 'OK',
      PercentComplete: running ? 50 : 100,
      TaskMonitor: `${BASE}/TaskMonitors/${id}`,
      Messages: [],
    };
  }

  monitor(id: string): RedfishAnswer {
    const task = this.tasks.get(id);
    const path = `${BASE}/TaskMonitors/${id}`;
    if (!task || task.replayed) return notFound(path);
    if (this.now() < task.doneMs) {
      return { status: 202, headers: { Location: path, 'Retry-After': '2' }, body: this.view(id) ?? {} };
    }
    task.replayed = true;
    return task.final;
  }
}
