(* What certificates claim about networks, put to the proved checkers: checker.ml, extracted from enclosure_checker.v, energy_checker.v, claim_checker.v and
   wide_checker.v. *)

open Strict_json
open Network

exception Refused of string
exception Undecided of string

type answer = Accepted | Shown of Checker.judgement

let refuse_unless condition complaint = if not condition then raise (Refused complaint)
let accept found = if found then Accepted else raise (Refused "the claim is not proved")

(* ---- What a certificate says ---- *)

type summand = { factor : Q.t; power : Q.t; times : Q.t } (* the cost factor |w|^power, which scales by r^times *)

let regularizer value =
  let name = text value in
  let after count = String.sub name count (String.length name - count) in
  let positive number = need (Q.sign number > 0) value "factors and powers must be positive" in
  let summand mixed factor power =
    let factor = rational_of value factor and power = power_of value (rational_of value power) in
    positive factor;
    positive power;
    { factor; power; times = (if mixed then power else Q.one) }
  in
  let mixed term =
    match String.index_opt term '*' with
    | Some at -> summand true (String.sub term 0 at) (String.sub term (at + 1) (String.length term - at - 1))
    | None -> fail value "a term without *"
  in
  if name = "l1" || name = "l2" then [ summand false "1" (after 1) ]
  else if String.starts_with ~prefix:"lp:" name then [ summand false "1" (after 3) ]
  else if String.starts_with ~prefix:"mix:" name then List.map mixed (String.split_on_char '+' (after 4))
  else fail value "unknown regularizer"

(* Mantissa and exponent of 2. *)
let multiplier value =
  match list value with
  | [ mantissa; exponent ] ->
      let digits = text mantissa in
      need (digits <> "" && String.length digits <= 400 && String.for_all is_digit digits) mantissa "not a mantissa";
      let found = Z.of_string digits and exponent = (exponent, integer exponent) in
      need (Z.sign found > 0) mantissa "a multiplier of 0";
      need (Z.numbits (snd exponent) <= 20) (fst exponent) "too large an exponent";
      (found, snd exponent)
  | _ -> fail value "not a multiplier"

(* The values of units as those of variables. *)
let by_variable network name equal values =
  refuse_unless (List.length values = List.length network.variable) (name ^ ": not the units that can be scaled");
  let given = Hashtbl.of_seq (List.to_seq values) in
  let found = Array.make network.count None in
  let put (unit, v) =
    match (Hashtbl.find_opt given unit, found.(v)) with
    | None, _ -> raise (Refused (name ^ ": not the units that can be scaled"))
    | Some value, Some other -> refuse_unless (equal value other) (name ^ ": tied units differ")
    | Some value, None -> found.(v) <- Some value
  in
  List.iter put network.variable;
  List.map Option.get (Array.to_list found)

let rationals_of network name value = by_variable network name Q.equal (dictionary rational value)

let by_synapse network name values =
  refuse_unless (List.length values = Array.length network.synapses) (name ^ ": one value for each synapse");
  values

(* ---- In the words of the checkers ---- *)

let fraction number = { Checker.qnum = Q.num number; qden = Q.den number }
let common_of numbers = List.fold_left (fun common number -> Z.lcm common (Q.den number)) Z.one numbers
let times common number = Z.divexact (Z.mul (Q.num number) common) (Q.den number)

(* Integers in the proportions of these numbers, and the factor. *)
let integers numbers =
  let common = common_of numbers in
  (List.map (times common) numbers, common)

let scaled factor = List.map (fun (v, share) -> (v, Q.mul share factor))
let over common = List.map (fun (v, share) -> (Z.of_int (v + 1), times common share))
let shares forms = List.concat_map (List.map snd) forms

(* Synapses of weight 0, or that do not scale, cost nothing that matters. *)
let counted network = List.filter (fun one -> Q.sign one.weight <> 0 && one.exponents <> []) (Array.to_list network.synapses)

(* The costs of each summand, one summand after another. *)
let costs network summands = List.concat_map (fun summand -> List.map (fun one -> (summand, one)) (counted network)) summands

let problem network summands =
  let costs = List.map (fun (summand, one) -> (summand, one, scaled summand.times one.exponents)) (costs network summands) in
  let common = common_of (shares (List.map (fun (_, _, form) -> form) costs)) in
  let term (summand, one, form) =
    let size = fraction (Q.abs one.weight) in
    { Checker.coefficient = fraction summand.factor; weight_size = size; weight_power = fraction summand.power; exponents = over common form }
  in
  { Checker.unknowns = network.count; over_common = common; costs = List.map term costs }

let direction network value = fst (integers (rationals_of network "direction" value))

(* ---- Claims of version 1 ---- *)

let attained network summands value =
  let flows = by_synapse network "circulation" (many rational value) in
  let pairs = List.combine (Array.to_list network.synapses) flows in
  let has_cost (one, flow) = Q.sign flow = 0 || one.exponents = [] || Q.sign one.weight <> 0 in
  refuse_unless (List.for_all has_cost pairs) "a flow where there is no cost";
  let is_counted (one, _) = Q.sign one.weight <> 0 && one.exponents <> [] in
  let flows, least = integers (List.map snd (List.filter is_counted pairs)) in
  accept (Checker.shows_attained (problem network summands) least (List.concat_map (fun _ -> flows) summands))

let not_attained network summands value = accept (Checker.shows_not_attained (problem network summands) (direction network value))

let balanced network summands multipliers along =
  let point = List.map fraction (rationals_of network "multipliers" multipliers) in
  match along with
  | None -> accept (Checker.shows_balanced (problem network summands) point)
  | Some along -> accept (Checker.shows_balanced_in_the_limit (problem network summands) (direction network along) point)

(* Weights before and after, and what multipliers do to them. *)
let pairs network weights =
  let after = Array.of_list (by_synapse network "weights" (many rational weights)) in
  let common = common_of (shares (List.map (fun one -> one.exponents) (Array.to_list network.synapses))) in
  let pair e one = { Checker.before = fraction one.weight; after = fraction after.(e); ratio = over common one.exponents } in
  (common, Array.mapi pair network.synapses)

let scaling network multipliers weights =
  let point = List.map fraction (rationals_of network "multipliers" multipliers) in
  let common, pairs = pairs network weights in
  accept (Checker.shows_scaling common point (Array.to_list pairs))

let synapse_of network number =
  refuse_unless (Z.lt number (Z.of_int (Array.length network.synapses))) "no such synapse";
  Z.to_int number

(* Synapses by number with coefficients, none of them 0. *)
let numbered network value =
  let one (name, inner) =
    let is_number = name <> "" && String.for_all is_digit name && (name.[0] <> '0' || name = "0") in
    need is_number inner "not the number of a synapse";
    (inner, Z.of_string name, rational inner)
  in
  let counted (_, number, share) =
    refuse_unless (Q.sign share <> 0) "a coefficient of 0";
    (synapse_of network number, share)
  in
  List.map counted (List.map one (fields value))

let not_scaled network weights tolerance synapse cycle value =
  let tolerance = fraction (rational tolerance) in
  let _, pairs = pairs network weights in
  match (synapse, cycle) with
  | Some number, None -> accept (Checker.shows_sign_changed tolerance pairs.(synapse_of network (natural number)))
  | None, Some cycle ->
      let synapses, shares = List.split (numbered network cycle) in
      accept (Checker.shows_cycle_broken tolerance (List.map2 (fun e share -> (pairs.(e), share)) synapses (fst (integers shares))))
  | _ -> fail value "a synapse or a cycle is needed"

(* Both bases, with what shows that their rows are independent. One factor for all synapses: constraints are about their forms together. *)
let manifold network constraints spanning =
  let synapses = Array.length network.synapses in
  let spanning = List.map (synapse_of network) (many natural spanning) in
  let constraints = List.map (numbered network) (list constraints) in
  let place = Array.make synapses None in
  List.iter (fun e -> place.(e) <- Some (-1)) spanning;
  let others = List.filter (fun e -> place.(e) = None) (List.init synapses Fun.id) in
  List.iteri (fun k e -> place.(e) <- Some k) others;
  refuse_unless (List.length constraints = List.length others) "not as many rows as synapses";
  let whole row =
    let numbers, _ = integers (List.map snd row) in
    List.map2 (fun (e, _) number -> (e, Q.of_bigint number)) row numbers
  in
  let constraints = List.map whole constraints in
  let left row = Elimination.of_list (List.filter_map (fun (e, x) -> match place.(e) with Some k when k >= 0 -> Some (k, x) | _ -> None) row) in
  let rows, _ = Elimination.in_integers synapses (List.map Elimination.of_list constraints) in
  let forms = List.map (fun one -> Elimination.of_list one.exponents) (Array.to_list network.synapses) in
  let forms, factor = Elimination.in_integers network.count forms in
  let form e = Elimination.of_list (scaled (Q.of_bigint factor) network.synapses.(e).exponents) in
  let directions = Elimination.right_inverse network.count (List.map form spanning) in
  let combinations = Elimination.right_inverse (List.length others) (List.map left constraints) in
  match (directions, combinations) with
  | Some directions, Some combinations ->
      let directions = Elimination.transposed (List.length spanning) directions in
      let one = Z.lcm (Elimination.common directions) (Elimination.common combinations) in
      let directions = Elimination.over one network.count directions in
      let combinations = Elimination.over one (List.length constraints) combinations in
      accept (Checker.shows_manifold network.count forms rows spanning others { one; directions; combinations })
  | _ -> raise (Refused "rows depend on each other")

(* A cost for wide_checker.v: it rises in one multiplier and falls in another, or in one that is none of the variables. *)
let wide_term network common (summand, one, form) =
  let side sign = List.find_opt (fun (_, share) -> Q.sign share = sign) form in
  let wide_target, rises = Option.value (side 1) ~default:(network.count, Q.one) in
  let wide_source, falls = Option.value (side (-1)) ~default:(network.count, Q.minus_one) in
  { Checker.wide_source; wide_target; factor_of_cost = fraction summand.factor; weight_magnitude = fraction (Q.abs one.weight);
    power_of_size = fraction summand.power; falling_share = Z.neg (times common falls); rising_share = times common rises }

(* One variable of each component that can move without changing a weight, with its proportions to the others. *)
let held network forms =
  let neighbours = Array.make network.count [] in
  let join form (v, share) =
    let others = List.filter (fun (u, _) -> u <> v) form in
    (* One alone cannot move: as if 1 were to be 0. *)
    let edges = if others = [] then [ (v, Q.zero) ] else List.map (fun (u, other) -> (u, Q.neg (Q.div share other))) others in
    neighbours.(v) <- edges @ neighbours.(v)
  in
  List.iter (fun form -> List.iter (join form) form) forms;
  let parts, values = components neighbours in
  let scaling (members, agree) =
    let proportions = Array.make network.count Q.zero in
    List.iter (fun v -> proportions.(v) <- values.(v)) members;
    if agree then Some (List.hd members, fst (integers (Array.to_list proportions))) else None
  in
  List.filter_map scaling parts

(* The same for enclosure_checker.v, which is quicker, where powers and exponents are natural numbers that are not large; raises Exit elsewhere. *)
let quick_term network (summand, one, form) =
  let natural number = if Z.equal (Q.den number) Z.one && Z.leq (Q.num number) largest_power then Z.to_int (Q.num number) else raise Exit in
  let side sign =
    match List.find_opt (fun (_, share) -> Q.sign share = sign) form with Some (v, share) -> (v, natural (Q.abs share)) | None -> (network.count, 1)
  in
  let from, from_exponent = side (-1) and to0, to_exponent = side 1 and power = natural summand.power in
  let cost = Q.make (Z.pow (Z.abs (Q.num one.weight)) power) (Z.pow (Q.den one.weight) power) in
  { Checker.from; to0; weight_cost = fraction (Q.mul summand.factor cost); from_exponent; to_exponent }

(* Whether enclosure_checker.v accepts; what it does not is left to wide_checker.v. *)
let is_quickly_accepted network costs held_at_one lower upper along =
  let label v (first, proportions) =
    if Z.sign proportions.(v) = 0 then None else if Z.equal proportions.(v) proportions.(first) then Some first else raise Exit
  in
  let held = List.map (fun (first, proportions) -> (first, Array.of_list proportions)) held_at_one in
  try
    let component = List.init network.count (fun v -> List.find_map (label v) held) in
    let claim = { Checker.variables = network.count; synapses = List.map (quick_term network) costs; component; lower; upper } in
    match along with
    | None -> Checker.accepted_indexed claim
    | Some along -> Checker.accepted_indexed_in_the_limit claim (List.map (fun x -> fraction (Q.of_bigint x)) along)
  with Exit -> false

(* Whether wide_checker.v accepts, with what shows that the costs that stay leave the other variables no freedom. *)
let is_accepted network costs stay held_at_one lower_bounds upper_bounds along =
  let common_of = common_of (shares (List.map (fun (_, _, form) -> form) costs)) in
  let free = List.filter (fun v -> not (List.mem_assoc v held_at_one)) (List.init network.count Fun.id) in
  let columns = List.mapi (fun k (_, _, form) -> (k, List.map (fun (v, share) -> (v, Q.of_bigint (times common_of share))) form)) stay in
  let row v = Elimination.of_list (List.filter_map (fun (k, form) -> Option.map (fun share -> (k, share)) (List.assoc_opt v form)) columns) in
  match Elimination.right_inverse (List.length stay) (List.map row free) with
  | None -> false
  | Some found ->
      let unit_of = Elimination.common found in
      let combinations = Elimination.over unit_of (List.length stay) (Elimination.transposed (List.length free) found) in
      let given = List.combine free combinations in
      let leaving_one = List.init network.count (fun v -> Option.value (List.assoc_opt v given) ~default:[]) in
      let wide_terms = List.map (wide_term network common_of) costs in
      let claim =
        { Checker.wide_unknowns = network.count; common_of; wide_terms; lower_bounds; upper_bounds; held_at_one; unit_of; leaving_one }
      in
      (match along with None -> Checker.accepted_wide claim | Some along -> Checker.accepted_wide_in_the_limit claim along)

let enclosure network summands lower upper along =
  let lower = List.map fraction (rationals_of network "lower" lower) and upper = List.map fraction (rationals_of network "upper" upper) in
  let along = Option.map (direction network) along in
  let moved = Array.of_list (Option.value along ~default:[]) in
  let slope one = List.fold_left (fun sum (v, share) -> Q.add sum (Q.mul share (Q.of_bigint moved.(v)))) Q.zero one.exponents in
  let compares (_, _, form) = match form with [] | [ _ ] -> true | [ (_, a); (_, b) ] -> Q.sign a <> Q.sign b | _ -> false in
  let costs = List.map (fun (summand, one) -> (summand, one, scaled summand.times one.exponents)) (costs network summands) in
  let stay = List.filter (fun (_, one, _) -> along = None || Q.sign (slope one) = 0) costs in
  refuse_unless (List.for_all compares stay) "outside the comparison principle";
  if not (List.for_all compares costs) then raise (Undecided "a cost that vanishes and rises or falls in two multipliers");
  let held_at_one = held network (List.map (fun (_, one, _) -> one.exponents) stay) in
  let by rule = rule held_at_one lower upper along in
  accept (by (is_quickly_accepted network costs) || by (is_accepted network costs stay))

(* ---- Energy certificates ---- *)

(* Forms by number, from 1, in the order in which they are met. *)
let collected () =
  let known = Hashtbl.create 1024 and met = ref [] in
  let number form =
    match Hashtbl.find_opt known form with
    | Some number -> number
    | None ->
        let number = Z.of_int (Hashtbl.length known + 1) in
        Hashtbl.add known form number;
        met := form :: !met;
        number
  in
  (number, fun () -> List.rev !met)

let energy network summands point bits grid exceptions =
  let significant = natural bits and grid_places = integer grid in
  let same (one, places) (other, elsewhere) =
    let odd mantissa = Z.trailing_zeros mantissa in
    let reduced mantissa = Z.shift_right mantissa (odd mantissa) and exponent mantissa places = Z.add places (Z.of_int (odd mantissa)) in
    Z.equal (reduced one) (reduced other) && Z.equal (exponent one places) (exponent other elsewhere)
  in
  let point = by_variable network "point" same (dictionary multiplier point) in
  let given = dictionary rational exceptions in
  let flow_divisor = common_of (List.map snd given) in
  let left = Hashtbl.of_seq (List.to_seq given) in
  let number, met = collected () in
  let term k summand one =
    let name = if List.length summands > 1 then Printf.sprintf "%s#%d" one.name (k + 1) else one.name in
    let exceptional = Option.map (times flow_divisor) (Hashtbl.find_opt left name) in
    Hashtbl.remove left name;
    let target = number (scaled summand.times one.target) in
    let source = number (scaled summand.times one.source) in
    { Checker.scale = fraction summand.factor; magnitude = fraction (Q.abs one.weight); degree = fraction summand.power; target; source; exceptional }
  in
  let counted = counted network in
  let terms = List.concat (List.mapi (fun k summand -> List.map (term k summand) counted) summands) in
  refuse_unless (Hashtbl.length left = 0) "an exception of no cost";
  let common = common_of (shares (met ())) in
  match Checker.judged { point; common; forms = List.map (over common) (met ()); terms; significant; grid_places; flow_divisor } with
  | None -> raise (Refused "the claim is not proved")
  | Some found -> Shown found

(* ---- Which claim it is ---- *)

let read_rationals value = ignore (many rational value)
let read_dictionary value = ignore (dictionary rational value)

(* The fields of a claim, and how each is read: so that what is malformed is so before anything is judged. *)
let fields_of = function
  | "enclosure" -> ([ ("lower", read_dictionary); ("upper", read_dictionary) ], [ ("direction", read_dictionary) ])
  | "attained" -> ([ ("circulation", read_rationals) ], [])
  | "not_attained" -> ([ ("direction", read_dictionary) ], [])
  | "balanced" -> ([ ("multipliers", read_dictionary) ], [ ("direction", read_dictionary) ])
  | "scaling" -> ([ ("multipliers", read_dictionary); ("weights", read_rationals) ], [])
  | "not_scaled" ->
      let optional = [ ("synapse", fun value -> ignore (natural value)); ("cycle", read_dictionary) ] in
      ([ ("weights", read_rationals); ("tolerance", fun value -> ignore (rational value)) ], optional)
  | "manifold" ->
      let constraints value = ignore (many (dictionary rational) value) in
      ([ ("constraints", constraints); ("spanning", fun value -> ignore (many natural value)) ], [])
  | "energy" ->
      let bits value = ignore (natural value) and grid value = ignore (integer value) in
      let needed = [ ("point", fun value -> ignore (dictionary multiplier value)); ("F", bits); ("grid", grid); ("exceptions", read_dictionary) ] in
      (needed, [ ("lower", read_dictionary); ("upper", read_dictionary) ])
  | _ -> raise Not_found

(* Raises Malformed where it is no certificate, Refused where it does not prove its claim, Undecided where it is not known whether it does. *)
let judge network certificate =
  let claim = match List.assoc_opt "claim" (fields certificate) with Some claim -> claim | None -> fail certificate "\"claim\" is missing" in
  let kind = text claim in
  let needed, optional = try fields_of kind with Not_found -> fail claim "unknown claim" in
  let field = record certificate ([ "format"; "version"; "claim"; "regularizer" ] @ List.map fst needed) (List.map fst optional) in
  let given name = Option.get (field name) in
  constant "synaptic-balance/certificate" (given "format");
  let version = if kind = "energy" then 2 else 1 in
  need (Z.equal (integer (given "version")) (Z.of_int version)) (given "version") (Printf.sprintf "%d is needed" version);
  let summands = regularizer (given "regularizer") in
  List.iter (fun (name, read) -> Option.iter read (field name)) (needed @ optional);
  let answer =
    match kind with
    | "enclosure" -> enclosure network summands (given "lower") (given "upper") (field "direction")
    | "attained" -> attained network summands (given "circulation")
    | "not_attained" -> not_attained network summands (given "direction")
    | "balanced" -> balanced network summands (given "multipliers") (field "direction")
    | "scaling" -> scaling network (given "multipliers") (given "weights")
    | "not_scaled" -> not_scaled network (given "weights") (given "tolerance") (field "synapse") (field "cycle") certificate
    | "manifold" -> manifold network (given "constraints") (given "spanning")
    | _ when field "lower" <> None || field "upper" <> None ->
        need (field "lower" <> None && field "upper" <> None) certificate "bounds on one side only";
        (* Proved as a theorem (energy_certificate_under_bounds), but not as a checker. *)
        raise (Undecided "the minimum within bounds of multipliers is not covered")
    | _ -> energy network summands (given "point") (given "F") (given "grid") (given "exceptions")
  in
  (kind, answer)
