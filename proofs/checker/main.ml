(* Judges claims with the proved checkers (checker.ml, extracted from enclosure_checker.v and energy_checker.v).

   On the standard input, separated by blanks, for each claim the word `enclosure` or `energy` and what it holds; rationals are two integers.

   enclosure: the numbers of variables and of terms; for each term from, to, cost, exponents at from and to; for each variable the one that is held
   in its component, or -1; lower bounds; upper bounds; 1 and a direction, or 0. The answer is a line: true or false.

   energy: the number of variables, and the mantissa and exponent of each multiplier; the common denominator of exponents; the number of forms, and for each
   the number of its variables, and those, from 1, with their exponents; the number of terms, and for each scale, magnitude, degree, the forms, from 1, of target
   and source, and the flow of an exception or `rule`; significant bits, grid, divisor of flows. The answer is a line: false, or true with the gap's number
   and places, whether the minimum is attained, the places of the radius or `exact`, and for each term 1 or 0, whether its balanced cost is enclosed. *)

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

let form () =
  let count = natural () in
  many count share

let energy_term () =
  let scale = rational () in
  let magnitude = rational () in
  let degree = rational () in
  let target = number () in
  let source = number () in
  let exceptional = match word () with "rule" -> None | flow -> Some (Big_int_Z.big_int_of_string flow) in
  { scale; magnitude; degree; target; source; exceptional }

let energy () =
  let variables = natural () in
  let point = many variables multiplier in
  let common = big () in
  let count = natural () in
  let forms = many count form in
  let count = natural () in
  let terms = many count energy_term in
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

let rec loop () =
  match word () with
  | "" -> ()
  | kind ->
      let judge = match kind with "enclosure" -> enclosure | "energy" -> energy | _ -> failwith ("no claim: " ^ kind) in
      print_endline (judge ());
      loop ()

let () = try loop () with Failure what -> prerr_endline ("checker: " ^ what); exit 2
