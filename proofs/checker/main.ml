(* Judges certificates of networks with the proved checkers.

   checker NETWORK CERTIFICATE [ACTIVATION]   a network in JSON, or a perceptron in safetensors of units of this kind;
                                              exit code 0 accepted, 1 refused, 2 malformed, 3 undecided
   checker --batch                            lines {"network": .., "certificate": ..} on the standard input; a line for each: what was found,
                                              and of an energy certificate in numbers (see `in_numbers`) *)

let read_all channel =
  let buffer = Buffer.create 65536 and chunk = Bytes.create 65536 in
  let rec go () =
    let count = input channel chunk 0 (Bytes.length chunk) in
    if count > 0 then (
      Buffer.add_subbytes buffer chunk 0 count;
      go ())
  in
  go ();
  Buffer.contents buffer

(* What a function of a file's bytes gives; complaints begin with the file's name. *)
let of_file path read =
  try
    let channel = open_in_bin path in
    read (Fun.protect ~finally:(fun () -> close_in_noerr channel) (fun () -> read_all channel))
  with
  | Strict_json.Malformed what -> raise (Strict_json.Malformed (path ^ ": " ^ what))
  | Sys_error what -> raise (Strict_json.Malformed what)

(* A power of 2 above the gap, whether there is a minimum, and how far the balanced costs can be from those at the point. *)
let in_words { Checker.gap_number; gap_places; attained_here; radius_places; near_terms } =
  let gap = Q.of_bigint gap_number in
  let places = Z.to_int gap_places in
  let gap = if places < 0 then Q.mul_2exp gap (-places) else Q.div_2exp gap places in
  let below = if Q.sign gap = 0 then "0" else Printf.sprintf "2^%d" (Z.numbits (Q.num gap) - Z.numbits (Q.den gap) + 1) in
  let exists = if attained_here then "a minimum exists" else "no minimum is shown to exist" in
  let radius = match radius_places with None -> "0" | Some places -> "2^-" ^ Z.to_string places in
  let near = List.length (List.filter Fun.id near_terms) in
  Printf.sprintf "gap below %s, %s, balanced costs within %s in logarithms for %d of %d" below exists radius near (List.length near_terms)

(* The gap's number and places, whether the minimum is attained, the places of the radius or `exact`, and for each term 1 or 0, whether its
   balanced cost is enclosed. *)
let in_numbers { Checker.gap_number; gap_places; attained_here; radius_places; near_terms } =
  let radius = match radius_places with None -> "exact" | Some places -> Z.to_string places in
  let near = String.concat "" (List.map (fun near -> if near then "1" else "0") near_terms) in
  String.concat " " [ Z.to_string gap_number; Z.to_string gap_places; string_of_bool attained_here; radius; near ]

(* Exit code and sentence for what is judged. *)
let verdict written judged =
  let line sentence = String.map (fun c -> if c < ' ' then ' ' else c) sentence in
  match judged () with
  | kind, Claims.Accepted -> (0, "accepted: " ^ kind)
  | kind, Claims.Shown found -> (0, Printf.sprintf "accepted: %s: %s" kind (written found))
  | exception Claims.Refused why -> (1, line ("refused: " ^ why))
  | exception Claims.Undecided why -> (3, line ("undecided: " ^ why))
  | exception Strict_json.Malformed what -> (2, line ("malformed: " ^ what))
  | exception (Stack_overflow | Out_of_memory) -> (3, "undecided: too large for the stack (ulimit -s) or the memory that there is")

let judge_files network certificate activation () =
  let network =
    match activation with
    | None -> of_file network (fun data -> Network.of_json (Strict_json.parse data))
    | Some name -> (
        match Network.degree_named name with
        | Some degree -> of_file network (fun data -> Perceptron.read data degree)
        | None -> raise (Strict_json.Malformed (name ^ ": not a known activation")))
  in
  of_file certificate (fun data -> Claims.judge network (Strict_json.parse data))

let judge_line line () =
  let field = Strict_json.record (Strict_json.parse line) [ "network"; "certificate" ] [] in
  let part name = Option.get (field name) in
  Claims.judge (Network.of_json (part "network")) (part "certificate")

let rec batch () =
  match input_line stdin with
  | line ->
      print_endline (snd (verdict in_numbers (judge_line line)));
      batch ()
  | exception End_of_file -> ()

let files network certificate activation =
  let code, sentence = verdict in_words (judge_files network certificate activation) in
  print_endline sentence;
  exit code

let () =
  match Array.to_list Sys.argv with
  | [ _; "--batch" ] -> batch ()
  | [ _; network; certificate ] -> files network certificate None
  | [ _; network; certificate; activation ] -> files network certificate (Some activation)
  | _ ->
      prerr_endline "usage: checker NETWORK CERTIFICATE [ACTIVATION], or checker --batch";
      exit 2
