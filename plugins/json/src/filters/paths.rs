//! Filters of paths: `getpath`, `setpath`, `delpaths`, and what assignments become.

use crate::program::Types;
use crate::value::{Error, Outcome, Value};
use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{Bind, Exn, Native, ValX};
use jaq_json::Val;

/// The names of these filters.
pub const NAMES: [&str; 5] = ["getpath", "setpath", "delpaths", "_modify", "_assign"];

pub fn filters() -> Vec<Fun<Types>> {
    let get = Native::<Types>::new(|cv| unary(cv, |value, path| value.get(steps(&path)?)));
    let get = get.with_paths(|mut cv| {
        let path = cv.0.pop_var();
        let (value, trail) = cv.1;
        let found = steps(&path).and_then(|steps| {
            let trail = steps.iter().fold(trail, |trail, key| trail.cons(Value(key.clone())));
            Ok((value.get(steps)?, trail))
        });
        box_once(found.map_err(Exn::from))
    });
    vec![
        ("getpath", v(1), get),
        run(("setpath", v(2), |mut cv| {
            let new = cv.0.pop_var();
            let path = cv.0.pop_var();
            bome(keys(&path).and_then(|path| cv.1.set_at(&path, new)))
        })),
        run(("delpaths", v(1), |cv| {
            unary(cv, |value, paths| match paths.0 {
                Val::Arr(paths) => value.delete(paths.iter().cloned().map(Value).collect()),
                _ => Err(Error::str("Paths must be specified as an array")),
            })
        })),
        run(("_modify", [Bind::Fun(()), Bind::Fun(())].into(), |mut cv| {
            let (update, update_context) = cv.0.pop_fun();
            let (paths, paths_context) = cv.0.pop_fun();
            let all = paths.paths((paths_context, (cv.1.clone(), Default::default())));
            let all = all.map(|found| found.map(|(_, trail)| trail.iter().cloned().collect()));
            box_once(modify(cv.1, all, |old| update.run((update_context.clone(), old)).next()))
        })),
        run(("_assign", [Bind::Fun(()), Bind::Var(())].into(), |mut cv| {
            let new = cv.0.pop_var();
            let (paths, context) = cv.0.pop_fun();
            let all = paths.paths((context, (cv.1.clone(), Default::default())));
            let all = all.map(|found| found.map(|(_, trail)| trail.iter().cloned().collect()));
            box_once(assign(cv.1, all, &new))
        })),
    ]
}

fn steps(path: &Value) -> Outcome<&[Val]> {
    path.as_items().ok_or_else(|| Error::str("Path must be specified as an array"))
}

fn keys(path: &Value) -> Outcome<Vec<Value>> {
    Ok(steps(path)?.iter().cloned().map(Value).collect())
}

/// `paths |= update`: each path's value replaced by the first that `update` makes of it, or deleted. The
/// paths come with the last step first.
fn modify<'a>(
    mut value: Value,
    paths: impl Iterator<Item = ValX<'a, Vec<Value>, Value>>,
    update: impl Fn(Value) -> Option<ValX<'a, Value>>,
) -> ValX<'a, Value> {
    let mut gone = Vec::new();
    for path in paths {
        let mut path = path?;
        path.reverse();
        let old = value.take(&path)?;
        match update(old.clone()).transpose()? {
            Some(new) => value = value.set_at(&path, new)?,
            None => {
                value = value.set_at(&path, old)?;
                gone.push(path.into_iter().collect());
            }
        }
    }
    Ok(value.delete(gone)?)
}

fn assign<'a>(
    mut value: Value,
    paths: impl Iterator<Item = ValX<'a, Vec<Value>, Value>>,
    new: &Value,
) -> ValX<'a, Value> {
    for path in paths {
        let mut path = path?;
        path.reverse();
        value = value.set_at(&path, new.clone())?;
    }
    Ok(value)
}
