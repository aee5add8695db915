(* Judges claims with the proved checkers (checker.ml, extracted from enclosure_checker.v, energy_checker.v, claim_checker.v and
   wide_checker.v).

   On the standard input, separated by blanks, for each claim its name and what it holds; rationals are two integers, a list is its length and its members,
   a form the list of its variables, from 1, with their exponents. The answer is a line: true or false, and more for energy.

   enclosure: the numbers of variables and of terms; for each term from, to, cost, exponents at from and to; for each variable the one that is held
   in its component, or -1; lower bounds; upper bounds; 1 and a direction, or 0.
   energy: the mantissas and exponents of multipliers; the common denominator of exponents; forms; terms, each with scale, magnitude, degree, the forms, from 1, of
   target and source, and the flow of an exception or `rule`; significant bits, grid, divisor of flows. The answer is a line: false, or true with the gap's number
   and places, whether the minimum is attained, the places of the radius or `exact`, and for each term 1 or 0, whether its balanced cost is enclosed.

   wide, an enclosure as wide as the kernel's rule: the number of variables; the common denominator of exponents; terms: source and target, any larger number
   than the variables' for a visible unit, coefficient, weight, power, exponents at source and target; lower bounds; upper bounds; held variables,
   each with a scaling; one, and combinations of terms (wide_claim); 1 and a direction, or 0.

   A problem is the number of variables, the common denominator of exponents, and terms: coefficient, weight, power, form.
   attained: problem, what flows must be at least, flows. not_attained: problem, direction. balanced: problem, multipliers; balanced_in_the_limit: problem,
   direction, multipliers. scaling: common denominator, multipliers, pairs of weights (before, after, form). sign: tolerance, pair.
   cycle: tolerance, pairs with coefficients. manifold: the number of variables; rows of the forms of all synapses, and of constraints; the spanning synapses,
   and the others; one, directions, combinations (manifold_hint). *)

open Checker

let word () = Scanf.scanf " %s" (fun s -> s)
let integer () = int_of_string (word ())
let big () = Big_int_Z.big_int_of_string (word ())
let rational () =
  let numerator = big () in
  let denominator = big () in
  if Big_int_Z.sign_big_int denominator <= 0 then failwith "a denominator that is not positive";
  { qnum = numerator; qden = denominator }
let many count read = List.init count (fun _ -> read ())

let natural () =
  let value = integer () in
  if value < 0 then failwith "a negative number";
  value

let number () =
  let value = big () in
  if Big_int_Z.sign_big_int value <= 0 then failwith "a number that is not positive";
  value

let term () =
  let from = natural () in
  let to0 = natural () in
  let weight_cost = rational () in
  let from_exponent = natural () in
  let to_exponent = natural () in
  { from; to0; weight_cost; from_exponent; to_exponent }

let held () = match integer () with -1 -> None | v when v >= 0 -> Some v | _ -> failwith "a negative number"

let enclosure () =
  let variables = natural () in
  let count = natural () in
  let synapses = many count term in
  let component = many variables held in
  let lower = many variables rational in
  let upper = many variables rational in
  let claim = { variables; synapses; component; lower; upper } in
  match integer () with
  | 0 -> string_of_bool (accepted_indexed claim)
  | 1 -> string_of_bool (accepted_indexed_in_the_limit claim (many variables rational))
  | _ -> failwith "neither a direction nor none"

let multiplier () =
  let mantissa = big () in
  let exponent = big () in
  (mantissa, exponent)

let share () =
  let variable = number () in
  let exponent = big () in
  (variable, exponent)

let listed read =
  let count = natural () in
  many count read

let form () = listed share

let energy_term () =
  let scale = rational () in
  let magnitude = rational () in
  let degree = rational () in
  let target = number () in
  let source = number () in
  let exceptional = match word () with "rule" -> None | flow -> Some (Big_int_Z.big_int_of_string flow) in
  { scale; magnitude; degree; target; source; exceptional }

let energy () =
  let point = listed multiplier in
  let common = big () in
  let forms = listed form in
  let terms = listed energy_term in
  let significant = big () in
  let grid_places = big () in
  let flow_divisor = big () in
  match judged { point; common; forms; terms; significant; grid_places; flow_divisor } with
  | None -> "false"
  | Some found ->
      let text = Big_int_Z.string_of_big_int in
      let radius = match found.radius_places with None -> "exact" | Some places -> text places in
      let near = String.concat "" (List.map (fun near -> if near then "1" else "0") found.near_terms) in
      String.concat " " [ "true"; text found.gap_number; text found.gap_places; string_of_bool found.attained_here; radius; near ]

let cost_term () =
  let coefficient = rational () in
  let weight_size = rational () in
  let weight_power = rational () in
  let exponents = form () in
  { coefficient; weight_size; weight_power; exponents }

let problem () =
  let unknowns = natural () in
  let over_common = number () in
  let costs = listed cost_term in
  { unknowns; over_common; costs }

let pair () =
  let before = rational () in
  let after = rational () in
  let ratio = form () in
  { before; after; ratio }

let attained () =
  let problem = problem () in
  let least = big () in
  shows_attained problem least (listed big)

let not_attained () =
  let problem = problem () in
  shows_not_attained problem (listed big)

let balanced () =
  let problem = problem () in
  shows_balanced problem (listed rational)

let balanced_in_the_limit () =
  let problem = problem () in
  let direction = listed big in
  shows_balanced_in_the_limit problem direction (listed rational)

let scaling () =
  let common = number () in
  let multipliers = listed rational in
  shows_scaling common multipliers (listed pair)

let sign () =
  let tolerance = rational () in
  shows_sign_changed tolerance (pair ())

let cycle () =
  let tolerance = rational () in
  let weighted () =
    let pair = pair () in
    let coefficient = big () in
    (pair, coefficient)
  in
  shows_cycle_broken tolerance (listed weighted)

let manifold () =
  let rows () = listed (fun () -> listed big) in
  let variables = natural () in
  let forms = rows () in
  let constraints = rows () in
  let spanning = listed natural in
  let others = listed natural in
  let one = big () in
  let directions = rows () in
  let combinations = rows () in
  shows_manifold variables forms constraints spanning others { one; directions; combinations }

let wide () =
  let term () =
    let wide_source = natural () in
    let wide_target = natural () in
    let factor_of_cost = rational () in
    let weight_magnitude = rational () in
    let power_of_size = rational () in
    let falling_share = big () in
    let rising_share = big () in
    { wide_source; wide_target; factor_of_cost; weight_magnitude; power_of_size; falling_share; rising_share }
  in
  let held () =
    let variable = natural () in
    let scaling = listed big in
    (variable, scaling)
  in
  let wide_unknowns = natural () in
  let common_of = number () in
  let wide_terms = listed term in
  let lower_bounds = listed rational in
  let upper_bounds = listed rational in
  let held_at_one = listed held in
  let unit_of = big () in
  let leaving_one = listed (fun () -> listed big) in
  let claim = { wide_unknowns; common_of; wide_terms; lower_bounds; upper_bounds; held_at_one; unit_of; leaving_one } in
  match integer () with
  | 0 -> accepted_wide claim
  | 1 -> accepted_wide_in_the_limit claim (listed big)
  | _ -> failwith "neither a direction nor none"

let judge kind =
  match kind with
  | "enclosure" -> enclosure ()
  | "energy" -> energy ()
  | "wide" -> string_of_bool (wide ())
  | "attained" -> string_of_bool (attained ())
  | "not_attained" -> string_of_bool (not_attained ())
  | "balanced" -> string_of_bool (balanced ())
  | "balanced_in_the_limit" -> string_of_bool (balanced_in_the_limit ())
  | "scaling" -> string_of_bool (scaling ())
  | "sign" -> string_of_bool (sign ())
  | "cycle" -> string_of_bool (cycle ())
  | "manifold" -> string_of_bool (manifold ())
  | _ -> failwith ("no claim: " ^ kind)

let rec loop () =
  match word () with
  | "" -> ()
  | kind ->
      print_endline (judge kind);
      loop ()

let () = try loop () with Failure what -> prerr_endline ("checker: " ^ what); exit 2
