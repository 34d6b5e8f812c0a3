//! Changing parts of a value: `setpath`, `delpaths`.

use super::access::{position, range};
use super::{Error, Kind, Outcome, Value};
use jaq_json::{Map, Val};
use std::rc::Rc;

/// The longest array that setting one element makes.
const MAX_LENGTH: usize = 1 << 24;
/// The longest path.
pub(super) const MAX_STEPS: usize = 10_000;

impl Value {
    /// The value with `new` at `path`; what is missing on the way is made.
    pub fn set(mut self, path: &[Self], new: Self) -> Outcome {
        if path.len() > MAX_STEPS {
            return Err(Error::str("Path too deep"));
        }
        *self.place(path)? = new.0;
        Ok(self)
    }

    fn place(&mut self, path: &[Self]) -> Outcome<&mut Val> {
        // A slice is no place: the part is changed apart and put back by `set_slice`.
        path.iter().try_fold(&mut self.0, |whole, key| step(whole, key))
    }

    /// `setpath(path; new)`, where the path may go through slices.
    pub fn set_at(self, path: &[Self], new: Self) -> Outcome {
        let Some(at) = path.iter().position(|key| key.kind() == Kind::Object) else {
            return self.set(path, new);
        };
        if path.len() > MAX_STEPS {
            return Err(Error::str("Path too deep"));
        }
        let before: Vec<Val> = path[..at].iter().map(|key| key.0.clone()).collect();
        let whole = self.clone().get(&before)?;
        let (start, end) = path[at].bounds();
        let part = whole.clone().slice(start.as_ref(), end.as_ref())?;
        let part = part.set_at(&path[at + 1..], new)?;
        let whole = whole.set_slice((start.as_ref(), end.as_ref()), part)?;
        self.set(&path[..at], whole)
    }

    fn set_slice(self, (start, end): (Option<&Self>, Option<&Self>), part: Self) -> Outcome {
        let items = match &self.0 {
            Val::Null => &[][..],
            Val::Arr(items) => items,
            Val::TStr(_) | Val::BStr(_) => return Err(Error::str("Cannot update string slices")),
            _ => {
                return Err(Error::str(format_args!(
                    "Cannot update field at object index of {}",
                    self.kind().name()
                )));
            }
        };
        let Val::Arr(part) = &part.0 else {
            return Err(Error::str("A slice of an array can only be assigned another array"));
        };
        let (from, to) = range(start, end, items.len())?;
        Ok(Self(items[..from].iter().chain(part.iter()).chain(&items[to..]).cloned().collect()))
    }

    /// Takes the value at `path` out, so that it can be changed without a copy. Null where there is none.
    pub fn take(&mut self, path: &[Self]) -> Outcome {
        if path.iter().any(|key| key.kind() == Kind::Object) || !self.reaches(path) {
            let path: Vec<Val> = path.iter().map(|key| key.0.clone()).collect();
            return self.clone().get(&path);
        }
        Ok(Self(std::mem::take(self.place(path)?)))
    }

    /// True if there is something at `path`.
    fn reaches(&self, path: &[Self]) -> bool {
        let mut value = &self.0;
        for key in path {
            let next = match (value, &key.0) {
                (Val::Obj(entries), key) => entries.get(key),
                (Val::Arr(items), Val::Num(number)) => {
                    position(number, items.len()).and_then(|at| items.get(at))
                }
                _ => None,
            };
            match next {
                Some(next) => value = next,
                None => return false,
            }
        }
        true
    }

    /// `delpaths(paths)`
    pub fn delete(self, paths: Vec<Self>) -> Outcome {
        let mut places = Vec::new();
        for path in paths {
            let keys =
                path.as_items().ok_or_else(|| Error::str("Path must be specified as an array"))?;
            if keys.len() > MAX_STEPS {
                return Err(Error::str("Path too deep"));
            }
            self.absolute(keys, &mut places)?;
        }
        // From the end, so that no deletion moves what is still to be deleted.
        places.sort();
        places.dedup();
        places.into_iter().rev().try_fold(self, |value, place| value.delete_one(&place))
    }

    /// Adds `path` to `places`, its indices counted from the start and a slice at its end as its elements.
    fn absolute(&self, path: &[Val], places: &mut Vec<Vec<Self>>) -> Outcome<()> {
        let mut place: Vec<Self> = path.iter().cloned().map(Self).collect();
        let (mut value, last) = (self.clone(), path.len().saturating_sub(1));
        for (at, key) in path.iter().enumerate() {
            if let (Val::Arr(items), Val::Num(number)) = (&value.0, key) {
                place[at] =
                    position(number, items.len()).map_or_else(|| Self(key.clone()), Self::from);
            }
            if let (true, Val::Arr(items), Val::Obj(_)) = (at == last, &value.0, key) {
                let (start, end) = Self(key.clone()).bounds();
                let (from, to) = range(start.as_ref(), end.as_ref(), items.len())?;
                let before = &place[..at];
                places.extend((from..to).map(|index| [before, &[Self::from(index)]].concat()));
                return Ok(());
            }
            if at < last {
                value = value.get(std::slice::from_ref(key))?;
            }
        }
        places.push(place);
        Ok(())
    }

    fn delete_one(mut self, path: &[Self]) -> Outcome {
        let Some((last, before)) = path.split_last() else { return Ok(Self::null()) };
        if before.iter().any(|key| key.kind() == Kind::Object) {
            let keys: Vec<Val> = before.iter().map(|key| key.0.clone()).collect();
            let part = self.clone().get(&keys)?;
            return match part.kind() {
                Kind::Null => Ok(self),
                _ => self.set_at(before, part.delete_key(last)?),
            };
        }
        if !self.reaches(before) {
            let keys: Vec<Val> = before.iter().map(|key| key.0.clone()).collect();
            return self.clone().get(&keys).map(|_| self);
        }
        let place = self.place(before)?;
        let part = Self(std::mem::take(place)).delete_key(last)?;
        *place = part.0;
        Ok(self)
    }

    fn delete_key(mut self, key: &Self) -> Outcome {
        match (&mut self.0, &key.0) {
            (Val::Null, _) => {}
            (Val::Obj(entries), Val::TStr(_) | Val::BStr(_)) => {
                Rc::make_mut(entries).shift_remove(&key.0);
            }
            (Val::Arr(items), Val::Num(number)) => {
                if let Some(at) = position(number, items.len()).filter(|at| *at < items.len()) {
                    Rc::make_mut(items).remove(at);
                }
            }
            (Val::Arr(items), Val::Obj(_)) => {
                let (start, end) = key.bounds();
                let (from, to) = range(start.as_ref(), end.as_ref(), items.len())?;
                Rc::make_mut(items).drain(from..to);
            }
            (Val::Obj(_), _) => {
                return Err(Error::str(format_args!(
                    "Cannot delete field at object index of {}",
                    key.kind().name()
                )));
            }
            (Val::Arr(_), _) => {
                return Err(Error::str(format_args!(
                    "Cannot delete field at array index of {}",
                    key.kind().name()
                )));
            }
            (_, _) => {
                return Err(Error::str(format_args!(
                    "Cannot delete field at {} index of {}",
                    if key.kind() == Kind::String { "object" } else { "array" },
                    self.kind().name()
                )));
            }
        }
        Ok(self)
    }
}

/// The place of `key` in `whole`, made where it is missing.
fn step<'a>(whole: &'a mut Val, key: &Value) -> Outcome<&'a mut Val> {
    if let Val::Null = whole {
        match key.kind() {
            Kind::String => *whole = Val::obj(Map::default()),
            Kind::Number => *whole = Val::Arr(Rc::default()),
            _ => {}
        }
    }
    if !matches!((&*whole, key.kind()), (Val::Obj(_), Kind::String) | (Val::Arr(_), Kind::Number)) {
        return Err(match (&*whole, key.kind()) {
            (Val::Arr(_), Kind::Array) => Error::str("Cannot update field at array index of array"),
            _ => Value(whole.clone()).not_indexable(key),
        });
    }
    match (whole, &key.0) {
        (Val::Arr(_), Val::Num(number)) if super::as_float(number).is_nan() => {
            Err(Error::str("Cannot set array element at NaN index"))
        }
        (Val::Obj(entries), key) => Ok(Rc::make_mut(entries).entry(key.clone()).or_default()),
        (Val::Arr(items), Val::Num(number)) => {
            let at = position(number, items.len())
                .ok_or_else(|| Error::str("Out of bounds negative array index"))?;
            if at >= MAX_LENGTH {
                return Err(Error::str("Array index too large"));
            }
            let items = Rc::make_mut(items);
            if at >= items.len() {
                items.resize(at + 1, Val::Null);
            }
            Ok(&mut items[at])
        }
        (whole, _) => Err(Value(whole.clone()).not_indexable(key)),
    }
}
