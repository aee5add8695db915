//! Norms: they pin what they read, and make forms of their own.

use super::build::{Builder, Value};
use super::expression::Expression;
use super::language::Presence;
use super::values::{Found, repeated};

impl Builder<'_> {
    /// A norm with gains, and with shifts if there is a bias; stored without the 1 that is added to them, if there is
    /// an offset; each of so many heads by itself.
    pub(super) fn norm(
        &mut self,
        input: &str,
        tensor: &str,
        shape: &[Expression],
        (bias, offset, heads): (&Presence, bool, Option<&Expression>),
    ) -> Found<Value> {
        let value = self.value(input)?;
        let reason = format!("`{}` normalises it", self.with_counter(tensor)?);
        self.pin(&value, &reason);
        let times = match heads {
            Some(heads) => self.length(heads)?,
            None => 1,
        };
        let weight = self.spelt(tensor, ["weight", "gamma"])?;
        let pattern = self.with_counter(&weight)?;
        let (_, lengths) = self.tensor(&pattern, shape)?;
        let [length] = lengths[..] else {
            return Err(format!("the gains `{pattern}` are no vector").into());
        };
        let gains = self.make(&pattern, length, 0)?;
        self.vector(&weight, shape, &gains, (true, offset))?;
        if self.is_there(bias)? {
            let shift = self.spelt(tensor, ["bias", "beta"])?;
            self.vector(&shift, shape, &gains, (false, false))?;
        }
        self.of_length(&value, length as u64 * times, input)?;
        Ok(repeated(&gains, times))
    }

    /// Old files spell the ends of these names in a second way; the first is meant where neither is there.
    fn spelt(&self, tensor: &str, ends: [&str; 2]) -> Found<String> {
        let [usual, old] = ends.map(|end| format!("{tensor}.{end}"));
        let has = |name: &str| -> Found<bool> {
            let first = self.first_of(&self.with_counter(name)?);
            Ok(self.store.find(&first).is_some())
        };
        match has(&old)? && !has(&usual)? {
            true => Ok(old),
            false => Ok(usual),
        }
    }
}
