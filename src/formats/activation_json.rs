//! Activations in JSON.

use serde_json::{Value, json};

use super::network_json::{FormatError, content, number, shorten};
use crate::network::{Activation, ActivationNameError, NOT_HOMOGENEOUS};
use crate::numbers::Rational;

/// Reads an activation.
pub(super) fn activation(place: &str, value: &Value) -> Result<Activation<Rational>, FormatError> {
    let object = match value {
        Value::String(name) => {
            let named = Activation::named(name);
            return named.map_err(|fault| content(place, declaration(&fault)));
        }
        Value::Object(object) if object.len() == 1 => object,
        _ => {
            return Err(content(
                place,
                "expected a name, or an object with one name and its parameters".into(),
            ));
        }
    };
    let (name, parameters) = object
        .iter()
        .next()
        .ok_or_else(|| content(place, "an empty object".into()))?;
    let place = format!("{place}.{}", shorten(name));
    let fields = |names: &[&str]| -> Result<Vec<Rational>, FormatError> {
        let object = parameters.as_object();
        let object = object.ok_or_else(|| {
            content(
                &place,
                format!("expected an object with {}", names.join(", ")),
            )
        })?;
        if let Some(extra) = object.keys().find(|key| !names.contains(&key.as_str())) {
            return Err(content(
                &place,
                format!("unknown field `{}`", shorten(extra)),
            ));
        }
        let field = |name: &&str| {
            let value = object
                .get(*name)
                .ok_or_else(|| content(&place, format!("missing field `{name}`")))?;
            number(&format!("{place}.{name}"), value)
        };
        names.iter().map(field).collect()
    };
    Ok(match name.as_str() {
        "leaky_relu" => Activation::LeakyRelu(number(&place, parameters)?),
        "prelu" => Activation::Prelu(number(&place, parameters)?),
        "not_homogeneous" => {
            let name = parameters.as_str();
            let name = name
                .ok_or_else(|| content(&place, "expected the name of the activation".to_owned()))?;
            let declared = Activation::declared(name);
            declared.map_err(|fault| content(&place, fault.to_string()))?
        }
        "bilu" => {
            let [below, above] = array(fields(&["a", "b"])?);
            Activation::BiLu { below, above }
        }
        "bipu" => {
            let [degree, above, below] = array(fields(&["c", "C", "D"])?);
            Activation::BiPu {
                degree,
                above,
                below,
            }
        }
        _ => {
            return Err(content(
                &place,
                "no activation of this name takes parameters".into(),
            ));
        }
    })
}

/// What is wrong with a name, and how one that is meant is declared.
pub(super) fn declaration(fault: &ActivationNameError) -> String {
    match fault {
        ActivationNameError::Unknown { .. } => format!(
            "{fault} (a function that is not homogeneous is declared as {{\"not_homogeneous\": \"its name\"}})"
        ),
        fault => fault.to_string(),
    }
}

/// `fields` returns as many values as it was given names.
fn array<const N: usize>(values: Vec<Rational>) -> [Rational; N] {
    let mut values = values.into_iter();
    std::array::from_fn(|_| values.next().unwrap_or_default())
}

/// Writes an activation.
pub(super) fn activation_json(activation: &Activation<Rational>) -> Value {
    match activation {
        Activation::Linear => "linear".into(),
        Activation::Relu => "relu".into(),
        Activation::Abs => "abs".into(),
        Activation::LeakyRelu(slope) => json!({"leaky_relu": slope.to_string()}),
        Activation::Prelu(slope) => json!({"prelu": slope.to_string()}),
        Activation::BiLu { below, above } => {
            json!({"bilu": {"a": below.to_string(), "b": above.to_string()}})
        }
        Activation::BiPu {
            degree,
            above,
            below,
        } => {
            json!({"bipu": {"c": degree.to_string(), "C": above.to_string(), "D": below.to_string()}})
        }
        Activation::Other(name) if NOT_HOMOGENEOUS.contains(&name.as_str()) => name.as_str().into(),
        Activation::Other(name) => json!({"not_homogeneous": name}),
    }
}
