// SPDX-License-Identifier: Apache-2.0
//! Work that is done by several threads at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Do the tasks `0..tasks` and give what they gave, in their order.
///
/// Each thread makes a state of its own, once, and takes the next task whenever it has done one.  The calling thread is
/// one of them; where the system gives no others, it does everything.
///
/// # Panics
///
/// When a task does.
pub fn map<State, Output, Start, Work>(threads: usize, tasks: usize, start: Start, work: Work) -> Vec<Output>
where
    Output: Send,
    Start: Fn() -> State + Sync,
    Work: Fn(&mut State, usize) -> Output + Sync,
{
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        let mut state = None;
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return done;
            }
            done.push((task, work(state.get_or_insert_with(&start), task)));
        }
    };
    let mut done = if threads.min(tasks) < 2 {
        worker()
    } else {
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads.min(tasks))
                .map_while(|_| thread::Builder::new().spawn_scoped(scope, worker).ok())
                .collect();
            let mut done = worker();
            for other in others {
                match other.join() {
                    Ok(theirs) => done.extend(theirs),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        })
    };
    done.sort_unstable_by_key(|(task, _)| *task);
    done.into_iter().map(|(_, output)| output).collect()
}

#[cfg(test)]
mod tests {
    use super::map;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_task_is_done_once_and_in_order() {
        for threads in 0..5 {
            for tasks in [0, 1, 2, 3, 100] {
                let states = AtomicUsize::new(0);
                let start = || states.fetch_add(1, Ordering::Relaxed);
                let found = map(threads, tasks, start, |_, task| task * task);
                assert_eq!(found, (0..tasks).map(|task| task * task).collect::<Vec<_>>());
                assert!(states.into_inner() <= threads.max(1));
            }
        }
    }
}
